//! The audit lines of operators, who open doors with a command.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use rules::FailedReason;
use salto::{Certainty, OpenError, PreparedLock};

use super::{AuditEntry, AuditOutcome, AuditWriteError, AuditWriter, Inputs};
use crate::{
    settings::{AuditSink, Settings},
    state::{
        failure::failed_reason,
        keys::Keys,
        store::{RedisUrlError, Store, StoreError, millis},
    },
};

/// `request_source` of an operator's opening.
const SOURCE: &str = "/postern/operator";

/// A command of an operator: which door, who and why.
#[derive(Debug)]
pub struct OperatorOpening<'a> {
    /// The integration.
    pub integration_id: &'a str,
    /// The lock.
    pub prepared: &'a PreparedLock,
    /// The user of the operating system.
    pub operator: &'a str,
    /// Why, in the operator's words.
    pub reason: &'a str,
    /// When the operator confirmed.
    pub confirmed_at: DateTime<Utc>,
    /// Before this time the command left, or not at all.
    pub expires_at: DateTime<Utc>,
}

impl AuditEntry {
    /// The line of an operator's command.
    #[must_use]
    pub fn of_operator(opening: &OperatorOpening<'_>, answer: Result<(), &OpenError>) -> Self {
        let error = answer.err();
        let reason = |error: &OpenError| match error.certainty {
            Certainty::Unknown => FailedReason::OutcomeUnknown,
            Certainty::NeverHappened | Certainty::Refused => failed_reason(error.cause),
        };
        let outcome = if error.is_none() { AuditOutcome::Opened } else { AuditOutcome::Failed };
        Self {
            operator_reason: Some(opening.reason.to_owned()),
            reason: error.map(|error| reason(error).code().to_owned()),
            detail: error.map(ToString::to_string),
            lock_id: Some(opening.prepared.lock_id),
            iq_id: Some(opening.prepared.iq_id.clone()),
            attempts: error.map_or(1, |error| u32::from(error.written)),
            inputs: Some(Inputs {
                booking_status: None,
                booking_revision: None,
                starts_at: None,
                ends_at: None,
                tied: Vec::new(),
                taken_at: opening.confirmed_at,
                expires_at: opening.expires_at,
            }),
            ..Self::by(opening.operator, opening.integration_id, SOURCE, outcome)
        }
    }
}

/// Why an operator's line is not written.
#[derive(Debug, thiserror::Error)]
pub enum OperatorAuditError {
    /// `redis.url` cannot be used.
    #[error(transparent)]
    RedisUrl(#[from] RedisUrlError),
    /// Redis does not answer.
    #[error(transparent)]
    Redis(#[from] StoreError),
    /// The file or standard error does not take it.
    #[error(transparent)]
    Sink(#[from] AuditWriteError),
}

/// Writes the lines of operators to where the workers write theirs. Where that is their standard output, a
/// command writes to its standard error: its standard output is its result.
#[derive(Debug)]
pub struct OperatorAudit {
    writer: AuditWriter,
    store: Store,
    key: String,
    kept_for_ms: u64,
}

impl OperatorAudit {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`OperatorAuditError`], where Redis' client cannot read the URL.
    pub fn new(settings: &Settings) -> Result<Self, OperatorAuditError> {
        Ok(Self {
            writer: AuditWriter::new(settings.audit.clone(), 1),
            store: Store::new(&settings.redis)?,
            key: Keys::new(&settings.redis.key_prefix).audit(),
            kept_for_ms: millis(settings.retention.audit),
        })
    }

    /// Checks that a line can be written, before a door opens.
    ///
    /// # Errors
    ///
    /// [`OperatorAuditError`], where it cannot.
    pub async fn prepare(&self) -> Result<(), OperatorAuditError> {
        match self.writer.sink() {
            AuditSink::Redis => {
                let _: u64 = self.store.query(redis::cmd("EXISTS").arg(&self.key)).await?;
            }
            AuditSink::Directory(_) | AuditSink::Stdout | AuditSink::Off => {
                self.writer.prepare()?
            }
        }
        Ok(())
    }

    /// Writes a line.
    ///
    /// # Errors
    ///
    /// [`OperatorAuditError`], where it is not written.
    pub async fn write(&self, entry: &AuditEntry) -> Result<(), OperatorAuditError> {
        let line = serde_json::to_string(entry)
            .map_err(|error| AuditWriteError::Stdout(io::Error::other(error)))?;
        match self.writer.sink() {
            AuditSink::Redis => {
                let mut add = redis::cmd("XADD");
                let _: String =
                    self.store.query(add.arg(&self.key).arg("*").arg("line").arg(&line)).await?;
                let mut expire = redis::cmd("PEXPIRE");
                let _: u8 = self.store.query(expire.arg(&self.key).arg(self.kept_for_ms)).await?;
            }
            AuditSink::Directory(_) => self.writer.write(&line).await?,
            AuditSink::Stdout => {
                writeln!(io::stderr(), "{line}").map_err(AuditWriteError::Stdout)?;
            }
            AuditSink::Off => {}
        }
        Ok(())
    }
}
