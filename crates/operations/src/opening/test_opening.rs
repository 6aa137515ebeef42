//! One opening of a door by an operator.

use anyhow::{Context, anyhow};
use chrono::{TimeDelta, Utc};
use consumer::{
    IntegrationSettings, Settings,
    audit::{OperatorAudit, OperatorOpening},
};
use rules::LockRef;
use salto::{Certainty, OpenError, PreparedLock};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{audit_line, command::OperatorCommand, reason::Reason};
use crate::{
    connections::site_access::SiteAccess,
    otp_attempts::{OtpAttempts, OtpResults},
    text::rehearsal_text,
};

/// An opening that is prepared: nothing is sent yet.
pub struct TestOpening<'a> {
    access: &'a SiteAccess<'a>,
    settings: &'a Settings,
    prepared: PreparedLock,
    lock_name: Option<String>,
    audit: OperatorAudit,
}

/// Who opens a door, and why.
#[derive(Debug, Clone, Copy)]
pub struct OpenedBy<'a> {
    /// The person, for the audit.
    pub operator: &'a str,
    /// Why, for the audit.
    pub reason: Reason<'a>,
    /// Also while the user is blocked, or where one more rejection could block it.
    pub force: bool,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpeningOutcome {
    /// Salto accepted the command.
    Opened,
    /// The door did not open.
    Failed,
    /// It is not known whether the door opened.
    Unknown,
}

/// An opening, as it ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpeningResult {
    /// The id of the integration.
    pub integration_id: String,
    /// The id of the lock.
    pub lock_id: Uuid,
    /// Its name at Salto.
    pub lock_name: Option<String>,
    /// The IQ of the lock.
    pub iq_id: String,
    /// Who opened it.
    pub operator: String,
    /// What became of the command.
    pub outcome: OpeningOutcome,
    /// Why it did not open.
    pub detail: Option<String>,
}

/// The result of an opening, and whether the audit has it.
#[derive(Debug)]
pub struct EndedOpening {
    /// The result.
    pub result: OpeningResult,
    /// An error where the line of the audit could not be written.
    pub audited: anyhow::Result<()>,
}

impl<'a> TestOpening<'a> {
    /// Prepares an opening of a lock, by its id, or its name at Salto where that is unique.
    ///
    /// # Errors
    /// The integration opens no door, the lock cannot be opened, or the audit cannot be written.
    pub async fn prepare(
        access: &'a SiteAccess<'a>,
        settings: &'a Settings,
        lock: &str,
    ) -> anyhow::Result<Self> {
        refuse_where_nothing_opens(access.integration)?;
        let prepared = prepare(access, lock).await?;
        // For the operator alone: without an answer, there is no name.
        let locks = access.site.locks().await.unwrap_or_default();
        let lock = locks.into_iter().find(|lock| lock.id == prepared.lock_id);
        let lock_name = lock.and_then(|lock| lock.customer_reference);
        let audit = audit_line::prepare(settings).await?;
        Ok(Self { access, settings, prepared, lock_name, audit })
    }

    /// The id of the lock.
    pub fn lock_id(&self) -> Uuid {
        self.prepared.lock_id
    }

    /// The name of the lock at Salto.
    pub fn lock_name(&self) -> Option<&str> {
        self.lock_name.as_deref()
    }

    /// Sends one open command, as for a guest, and writes the line of the audit. Nothing is tried a second time.
    ///
    /// # Errors
    /// Nothing was sent: no one-time password may be sent now, the IQ is not activated, or Redis does not answer.
    pub async fn open(&self, by: OpenedBy<'_>) -> anyhow::Result<EndedOpening> {
        let Self { access, prepared, .. } = self;
        let confirmed_at = Utc::now();
        let timeout = self.settings.opening.command_timeout;
        let send_before =
            confirmed_at + TimeDelta::from_std(timeout).unwrap_or(TimeDelta::seconds(10));
        let results = OtpResults::new(access, &prepared.iq_id, by.force);
        let attempts = OtpAttempts::begin(results).await?;
        let command = OperatorCommand { attempts: &attempts, prepared, send_before, timeout };
        let answer = command.send().await;
        attempts.end().await;
        let answer = answer?;
        let opening = OperatorOpening {
            integration_id: access.site.integration_id(),
            prepared,
            operator: by.operator,
            reason: by.reason.as_str(),
            confirmed_at,
            expires_at: send_before,
        };
        let written = answer.as_ref().map(|_| ());
        let audited = audit_line::write(&self.audit, &opening, written, access.observer).await;
        Ok(EndedOpening { result: self.result(by.operator, &answer), audited })
    }

    fn result(&self, operator: &str, answer: &Result<(), OpenError>) -> OpeningResult {
        OpeningResult {
            integration_id: self.access.site.integration_id().to_owned(),
            lock_id: self.prepared.lock_id,
            lock_name: self.lock_name.clone(),
            iq_id: self.prepared.iq_id.clone(),
            operator: operator.to_owned(),
            outcome: match answer {
                Ok(()) => OpeningOutcome::Opened,
                Err(error) if error.certainty == Certainty::Unknown => OpeningOutcome::Unknown,
                Err(_) => OpeningOutcome::Failed,
            },
            detail: answer.as_ref().err().map(ToString::to_string),
        }
    }
}

/// Fails where the configuration says that no door of the integration opens.
fn refuse_where_nothing_opens(integration: &IntegrationSettings) -> anyhow::Result<()> {
    if !integration.rules.active {
        return Err(anyhow!("the integration is switched off (active = false): it opens no door"));
    }
    match rehearsal_text(integration.mode) {
        Some(rehearses) => Err(anyhow!("the integration opens no door, as it {rehearses}")),
        None => Ok(()),
    }
}

/// What a command to the lock needs, by its id or its name.
async fn prepare(access: &SiteAccess<'_>, lock: &str) -> anyhow::Result<PreparedLock> {
    let prepared = async {
        let lock_id = match LockRef::from(lock) {
            LockRef::Id(id) => id,
            LockRef::Name(name) => access.site.find_lock_named(&name).await?,
        };
        access.site.prepare(lock_id).await
    };
    access.with_advice(prepared.await).await.context("the lock cannot be opened")
}
