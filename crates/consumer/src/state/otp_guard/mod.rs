//! The OTP guard: what Salto answers about an IQ's one-time passwords, shared by all workers.
//!
//! Salto blocks the system user at the IQ after three to eight rejected OTPs, for about 20 minutes
//! (docs/salto-ks.md, The OTP). So three in a row degrade the activation and an event reports it, and
//! after a block nothing is sent to the IQ for a while. The next command that Salto accepts ends both.

mod change;
mod operator_lease;
mod rejection;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{Script, cmd};
use salto::{Activation, seal::Sealer};

use super::{
    iq_ref::IqRef,
    keys::Keys,
    store::{RecordError, Store, StoreError, millis},
};

/// Consecutive rejections that degrade an activation.
const DEGRADES: u32 = 3;

/// For how long nothing is sent to an IQ after Salto has blocked the user there: a little longer than
/// Salto's block.
const BLOCKED_FOR: Duration = Duration::from_secs(25 * 60);

/// What Salto answered about an OTP, or about secret and PIN of the user at an IQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpVerdict {
    /// It rejected an OTP.
    Invalid,
    /// It rejected an OTP that was made with another secret or PIN than the activation's, or for a cause that
    /// could not be found out. That counts towards a block, and says nothing about the activation.
    InvalidOther,
    /// It has blocked the user at this IQ.
    Blocked,
    /// It accepted a command.
    Accepted,
    /// It asks for a restore of the IQ: secret and PIN no longer count.
    RestoreRequired,
    /// It gave a new secret, after a reset of the activation: earlier rejections say nothing about it.
    NewSecret,
    /// It accepted an OTP that an operator's command sent, as an activation does: earlier rejections
    /// and a block have ended.
    Proven,
}

/// Consecutive OTP rejections and the block of an IQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OtpStatus {
    /// OTPs rejected in a row.
    pub rejected_in_a_row: u32,
    /// Until when nothing is sent to the IQ; none where it is not blocked.
    pub blocked_until: Option<DateTime<Utc>>,
}

/// The activation that a verdict is about.
#[derive(Debug, Clone, Copy)]
pub struct OtpSubject<'a> {
    /// The IQ.
    pub iq: IqRef<'a>,
    /// The record as it was loaded: a verdict on another record does not count.
    pub sealed: &'a [u8],
    /// The trace of the request that led to the verdict.
    pub traceparent: Option<&'a str>,
    /// Whether the integration rehearses: then the event is a rehearsal's.
    pub rehearsal: bool,
}

/// The guard in Redis.
#[derive(Debug)]
pub struct OtpGuard {
    store: Arc<Store>,
    keys: Keys,
    key_prefix: String,
    sealer: Arc<Sealer>,
    record: Script,
}

impl OtpGuard {
    /// A guard in that Redis, below that prefix.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str, sealer: Arc<Sealer>) -> Self {
        Self {
            store,
            keys: Keys::new(key_prefix),
            key_prefix: key_prefix.to_owned(),
            sealer,
            record: Script::new(include_str!("record_verdict.lua")),
        }
    }

    /// The statuses of an integration's IQs; an IQ that is missing has no rejected OTP.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn statuses(
        &self,
        integration_id: &str,
    ) -> Result<HashMap<String, OtpStatus>, StoreError> {
        let records: HashMap<String, String> =
            self.store.query(cmd("HGETALL").arg(self.keys.otp_status(integration_id))).await?;
        records.into_iter().map(|(iq, record)| Ok((iq, read_status(&record)?))).collect()
    }

    /// Records a verdict. Answers whether the IQ's state changed: then its event is in the outbox.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn record(
        &self,
        subject: OtpSubject<'_>,
        verdict: OtpVerdict,
    ) -> Result<bool, StoreError> {
        let IqRef { integration_id, iq_id } = subject.iq;
        let place = salto::activation::activations_key(&self.key_prefix, integration_id);
        let activation = Activation::unseal(&self.sealer, &place, iq_id, subject.sealed).ok();
        let before = activation.as_ref().map(|activation| activation.state);
        let next = activation
            .and_then(|activation| change::next_activation(activation, verdict))
            .map(|next| next.seal(&self.sealer, &place, iq_id))
            .unwrap_or_default();
        let event = serde_json::to_string(&change::event(subject, verdict))
            .map_err(|error| RecordError::new(error.to_string()))?;
        let changed: u8 = self
            .store
            .run(
                self.record
                    .key(place)
                    .key(self.keys.otp_status(integration_id))
                    .key(self.keys.notices())
                    .key(self.keys.reported_iq_states(integration_id))
                    .arg(iq_id)
                    .arg(code(verdict))
                    .arg(subject.sealed)
                    .arg(next)
                    .arg(event)
                    .arg(DEGRADES)
                    .arg(millis(BLOCKED_FOR)),
            )
            .await?;
        if changed == 1 {
            change::log(subject.iq, before, verdict);
        }
        Ok(changed == 1)
    }
}

/// Reads a record of record_verdict.lua: the consecutive rejections, and until when the IQ is blocked, in
/// Unix ms.
fn read_status(record: &str) -> Result<OtpStatus, RecordError> {
    let unreadable = || RecordError::new(format!("an OTP status reads {record:?}"));
    let (count, until) = record.split_once(' ').ok_or_else(unreadable)?;
    let until = until.parse().map_err(|_| unreadable())?;
    let blocked_until = DateTime::from_timestamp_millis(until).filter(|until| *until > Utc::now());
    Ok(OtpStatus { rejected_in_a_row: count.parse().map_err(|_| unreadable())?, blocked_until })
}

const fn code(verdict: OtpVerdict) -> &'static str {
    match verdict {
        OtpVerdict::Invalid => "invalid",
        OtpVerdict::InvalidOther => "invalid-other",
        OtpVerdict::Blocked => "blocked",
        OtpVerdict::Accepted => "accepted",
        OtpVerdict::RestoreRequired => "restore",
        OtpVerdict::NewSecret => "new-secret",
        OtpVerdict::Proven => "proven",
    }
}

#[cfg(test)]
mod tests;
