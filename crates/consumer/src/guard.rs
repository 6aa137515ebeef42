//! The OTP guard: what Salto says of an IQ's one-time passwords, for all workers at once.
//!
//! Rejected passwords block the system user at the IQ after three to eight of them, for about 20
//! minutes \[M\]. So three in a row degrade the activation and somebody is told; and after a block
//! the IQ is left alone. The next command that Salto accepts heals both.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use deadpool_redis::redis::Script;
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
pub(crate) enum Verdict {
    /// It rejected a one-time password.
    Invalid,
    /// It has blocked the user at this IQ.
    Blocked,
    /// It accepted a command.
    Accepted,
    /// It asks for a restore of the IQ: secret and PIN count no more.
    RestoreRequired,
    /// It has activated the user.
    Activated,
}

/// The activation that a verdict is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) integration_id: &'a str,
    pub(crate) iq_id: &'a str,
    /// As it was loaded: the verdict on another one does not count.
    pub(crate) sealed: &'a [u8],
    /// The trace of the request that it comes from.
    pub(crate) traceparent: Option<&'a str>,
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

    /// Takes note that an IQ has been activated: its rejections are forgotten, and where the booking
    /// system was told of trouble, it is told that this is over. `sealed` is the activation's record.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn activated(
        &self,
        integration_id: &str,
        iq_id: &str,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        let subject = Subject { integration_id, iq_id, sealed, traceparent: None };
        self.judge(subject, Verdict::Activated).await.map(drop)
    }

    /// Takes note of a verdict. Whether the IQ's state changed by it: then its event waits to be
    /// published.
    pub(crate) async fn judge(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
    ) -> Result<bool, StoreError> {
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
        (Verdict::Accepted, ActivationState::Degraded) => ActivationState::Activated,
        (Verdict::RestoreRequired, ActivationState::Activated | ActivationState::Degraded) => {
            ActivationState::ReactivationRequired
        }
        (
            Verdict::Invalid
            | Verdict::Blocked
            | Verdict::Accepted
            | Verdict::RestoreRequired
            | Verdict::Activated,
            _,
        ) => return None,
    };
    Some(Activation { state, changed_at: Utc::now(), ..activation })
}

fn event(subject: Subject<'_>, verdict: Verdict) -> Outbound {
    let (state, detail) = match verdict {
        Verdict::Invalid => (
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
        Verdict::Activated => (IqState::Activated, "the IQ has been activated".to_owned()),
    };
    Outbound {
        id: Uuid::new_v4(),
        time: Utc::now(),
        traceparent: subject.traceparent.map(str::to_owned),
        data: OutboundData::IqAttention(IqAttention {
            integration_id: subject.integration_id.to_owned(),
            iq_id: subject.iq_id.to_owned(),
            state,
            detail,
        }),
    }
}

const fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Invalid => "invalid",
        Verdict::Blocked => "blocked",
        Verdict::Accepted => "accepted",
        Verdict::RestoreRequired => "restore",
        Verdict::Activated => "activated",
    }
}

#[cfg(test)]
mod tests;
