//! Which locks of a site can be opened now, and what stands in the way of the others.

use std::collections::{BTreeMap, HashMap};

use chrono::Utc;
use consumer::OtpStatus;
use rules::FailedReason;
use salto::{Activation, ActivationState, IqInfo, LockInfo};
use uuid::Uuid;

/// The site's locks with their IQs, and what is wrong with those.
#[derive(Debug)]
pub(in crate::cli) struct Doors {
    locks: BTreeMap<Uuid, Option<String>>,
    troubled: HashMap<String, FailedReason>,
    activated: Vec<String>,
}

impl Doors {
    pub(in crate::cli) fn new(
        locks: &[LockInfo],
        iqs: &[IqInfo],
        activations: &HashMap<String, Activation>,
        fares: &HashMap<String, OtpStatus>,
    ) -> Self {
        let iq_of = |lock: &LockInfo| (lock.id, lock.iq.as_ref().map(|iq| iq.id.clone()));
        let locks: BTreeMap<_, _> = locks.iter().map(iq_of).collect();
        let restore =
            |iq: &str| iqs.iter().any(|info| info.id == iq && info.restore_required == Some(true));
        let all = locks.values().flatten().chain(iqs.iter().map(|iq| &iq.id));
        let trouble = |iq: &String| {
            let state = activations.get(iq).map(|activation| activation.state);
            Some((iq.clone(), trouble(state, restore(iq), fares.get(iq))?))
        };
        let troubled: HashMap<_, _> = all.filter_map(trouble).collect();
        let signs = |(iq, activation): (&String, &Activation)| {
            is_usable(activation.state).then(|| iq.clone())
        };
        Self { locks, troubled, activated: activations.iter().filter_map(signs).collect() }
    }

    /// Why a command to this lock would fail, as far as that can be known.
    pub(in crate::cli) fn obstacle(&self, lock: Uuid) -> Option<FailedReason> {
        match self.locks.get(&lock) {
            None | Some(None) => Some(FailedReason::LockNotFound),
            Some(Some(iq)) => self.troubled.get(iq).copied(),
        }
    }

    /// The IQ of a lock; `None` where the site has no such lock, or it has no IQ.
    pub(in crate::cli) fn iq_of(&self, lock: Uuid) -> Option<&str> {
        self.locks.get(&lock)?.as_deref()
    }

    /// Whether the site has this lock.
    pub(in crate::cli) fn has(&self, lock: Uuid) -> bool {
        self.locks.contains_key(&lock)
    }

    /// Whether commands to this IQ can be signed.
    pub(in crate::cli) fn is_activated(&self, iq: &str) -> bool {
        self.activated.iter().any(|activated| activated == iq)
    }
}

fn is_usable(state: ActivationState) -> bool {
    match state {
        ActivationState::Activated | ActivationState::Degraded => true,
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::ReactivationRequired => false,
    }
}

fn trouble(
    state: Option<ActivationState>,
    restore: bool,
    fare: Option<&OtpStatus>,
) -> Option<FailedReason> {
    let blocked = fare.and_then(|fare| fare.blocked_until).is_some_and(|until| until > Utc::now());
    match state {
        None | Some(ActivationState::NotActivated | ActivationState::PendingPin) => {
            Some(FailedReason::IqNotActivated)
        }
        Some(ActivationState::ReactivationRequired) => Some(FailedReason::IqReactivationRequired),
        Some(ActivationState::Activated | ActivationState::Degraded) if restore => {
            Some(FailedReason::IqReactivationRequired)
        }
        Some(ActivationState::Activated | ActivationState::Degraded) if blocked => {
            Some(FailedReason::OtpBlocked)
        }
        Some(ActivationState::Degraded) => Some(FailedReason::OtpInvalid),
        Some(ActivationState::Activated) => None,
    }
}
