//! The OTP guard: what Salto says of an IQ's one-time passwords, for all workers at once.
//!
//! Rejected passwords block the system user at the IQ after three to eight of them, for about 20
//! minutes \[M\]. So three in a row degrade the activation and somebody is told; and after a block
//! the IQ is left alone. The next command that Salto accepts heals both.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{Script, cmd};
use events::{IqAttention, IqState, Outbound, OutboundData};
use salto::{Activation, ActivationState, seal::Sealer};
use uuid::Uuid;

use crate::{
    keys::Keys,
    store::{Store, StoreError},
};

/// So many rejections in a row degrade an activation.
const DEGRADES: u32 = 3;

/// For how long an IQ is left alone after Salto has blocked the user: a little more than Salto's
/// block lasts.
const LEFT_ALONE: Duration = Duration::from_secs(25 * 60);

/// What Salto says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It rejected a one-time password.
    Invalid,
    /// It rejected a one-time password that was made with another secret or PIN than the
    /// activation's. That counts towards a block, and says nothing of the activation.
    InvalidOther,
    /// It has blocked the user at this IQ.
    Blocked,
    /// It accepted a command.
    Accepted,
    /// It asks for a restore of the IQ: secret and PIN count no more.
    RestoreRequired,
    /// It accepted a one-time password that a person had it look at, as for an activation: whatever
    /// it rejected before, a block included, is over.
    Proven,
}

/// How one-time passwords of an IQ fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// So many were rejected in a row.
    pub rejected_in_a_row: u32,
    /// The IQ is left alone until then; nothing where it is not, or not any more.
    pub blocked_until: Option<DateTime<Utc>>,
}

/// The activation that a verdict is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The integration.
    pub integration_id: &'a str,
    /// The IQ.
    pub iq_id: &'a str,
    /// The record as it was loaded: the verdict on another one does not count.
    pub sealed: &'a [u8],
    /// The trace of the request that it comes from.
    pub traceparent: Option<&'a str>,
    /// Whether the integration rehearses: then the booking system is not to act on it.
    pub rehearsal: bool,
}

/// Keeps the verdicts in Redis.
#[derive(Debug)]
pub struct Guard {
    store: Arc<Store>,
    keys: Keys,
    key_prefix: String,
    sealer: Arc<Sealer>,
    judge: Script,
}

impl Guard {
    /// A guard in that Redis, below that prefix.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str, sealer: Arc<Sealer>) -> Self {
        Self {
            store,
            keys: Keys::new(key_prefix),
            key_prefix: key_prefix.to_owned(),
            sealer,
            judge: Script::new(include_str!("guard/judge.lua")),
        }
    }

    /// How one-time passwords fare, by IQ; at IQs that are not in it none was rejected.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn standings(
        &self,
        integration_id: &str,
    ) -> Result<HashMap<String, Standing>, StoreError> {
        let notes: HashMap<String, String> =
            self.store.query(cmd("HGETALL").arg(self.keys.guard(integration_id))).await?;
        notes.into_iter().map(|(iq, note)| Ok((iq, standing(&note)?))).collect()
    }

    /// Takes note of a verdict. Whether the IQ's state changed by it: then its event waits to be
    /// published.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn judge(&self, subject: Subject<'_>, verdict: Verdict) -> Result<bool, StoreError> {
        let Subject { integration_id, iq_id, sealed, .. } = subject;
        let place = salto::activation::activations_key(&self.key_prefix, integration_id);
        let next = Activation::unseal(&self.sealer, &place, iq_id, sealed)
            .ok()
            .and_then(|activation| follows(activation, verdict))
            .map(|next| next.seal(&self.sealer, &place, iq_id))
            .unwrap_or_default();
        let event = serde_json::to_string(&event(subject, verdict))
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        let changed: u8 = self
            .store
            .run(
                self.judge
                    .key(place)
                    .key(self.keys.guard(integration_id))
                    .key(self.keys.attention())
                    .key(self.keys.told(integration_id))
                    .arg(iq_id)
                    .arg(code(verdict))
                    .arg(sealed)
                    .arg(next)
                    .arg(event)
                    .arg(DEGRADES)
                    .arg(u64::try_from(LEFT_ALONE.as_millis()).unwrap_or(u64::MAX)),
            )
            .await?;
        if changed == 1 {
            tracing::warn!(integration_id, iq_id, ?verdict, "the state of an IQ has changed");
        }
        Ok(changed == 1)
    }
}

/// The activation that follows, where it is another one.
fn follows(activation: Activation, verdict: Verdict) -> Option<Activation> {
    let state = match (verdict, activation.state) {
        (Verdict::Invalid, ActivationState::Activated) => ActivationState::Degraded,
        (Verdict::Accepted, ActivationState::Degraded)
        | (Verdict::Proven, ActivationState::Degraded | ActivationState::ReactivationRequired) => {
            ActivationState::Activated
        }
        (Verdict::RestoreRequired, ActivationState::Activated | ActivationState::Degraded) => {
            ActivationState::ReactivationRequired
        }
        (
            Verdict::Invalid
            | Verdict::InvalidOther
            | Verdict::Blocked
            | Verdict::Accepted
            | Verdict::RestoreRequired
            | Verdict::Proven,
            _,
        ) => return None,
    };
    Some(Activation { state, changed_at: Utc::now(), ..activation })
}

fn event(subject: Subject<'_>, verdict: Verdict) -> Outbound {
    let (state, detail) = match verdict {
        // `InvalidOther` changes no state, so that this is never told.
        Verdict::Invalid | Verdict::InvalidOther => (
            IqState::Degraded,
            format!(
                "Salto has rejected {DEGRADES} one-time passwords in a row: has somebody activated \
                 the system user in Salto's app, or is a clock wrong? `postern iq list` and the \
                 worker's log tell more"
            ),
        ),
        Verdict::Blocked => (
            IqState::Blocked,
            format!(
                "Salto has blocked the system user at this IQ after wrong one-time passwords; \
                 nothing is sent there until {}",
                (Utc::now() + LEFT_ALONE).format("%Y-%m-%dT%H:%M:%SZ")
            ),
        ),
        Verdict::Accepted => {
            (IqState::Activated, "Salto accepts commands to this IQ again".to_owned())
        }
        Verdict::RestoreRequired => (
            IqState::ReactivationRequired,
            "Salto asks for a restore of this IQ: the stored secret and PIN count no more; run \
             `postern iq activate`"
                .to_owned(),
        ),
        Verdict::Proven => (IqState::Activated, "Salto accepts the IQ's secret and PIN".to_owned()),
    };
    Outbound {
        id: Uuid::new_v4(),
        time: Utc::now(),
        traceparent: subject.traceparent.map(str::to_owned),
        rehearsal: subject.rehearsal,
        data: OutboundData::IqAttention(IqAttention {
            integration_id: subject.integration_id.to_owned(),
            iq_id: subject.iq_id.to_owned(),
            state,
            detail,
        }),
    }
}

/// A note of judge.lua: the rejections in a row, and until when the IQ is left alone, in ms.
fn standing(note: &str) -> Result<Standing, StoreError> {
    let nonsense = || StoreError::Refused("a note of rejected one-time passwords".to_owned());
    let (count, until) = note.split_once(' ').ok_or_else(nonsense)?;
    let until = until.parse().map_err(|_| nonsense())?;
    let blocked_until = DateTime::from_timestamp_millis(until).filter(|until| *until > Utc::now());
    Ok(Standing { rejected_in_a_row: count.parse().map_err(|_| nonsense())?, blocked_until })
}

const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Invalid => "invalid",
        Verdict::InvalidOther => "invalid-other",
        Verdict::Blocked => "blocked",
        Verdict::Accepted => "accepted",
        Verdict::RestoreRequired => "restore",
        Verdict::Proven => "proven",
    }
}

mod turn;

#[cfg(test)]
mod tests;
