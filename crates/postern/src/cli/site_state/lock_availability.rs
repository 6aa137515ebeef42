//! The locks of a site that can be opened now, and the reasons why the others cannot.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Utc;
use consumer::OtpStatus;
use rules::{FailedReason, LockRef};
use salto::{Activation, ActivationState, IqInfo, LockInfo};
use uuid::Uuid;

use super::lock_names::{LockNames, UnresolvedName};

/// The locks of a site with their IQs, and the failure that a command to each IQ would have.
#[derive(Debug)]
pub(crate) struct LockAvailability {
    names: LockNames,
    locks: BTreeMap<Uuid, Option<String>>,
    failures: HashMap<String, FailedReason>,
    activated_iqs: Vec<String>,
}

impl LockAvailability {
    /// Computes the failures from Salto's lists and the stored records.
    pub(crate) fn new(
        locks: &[LockInfo],
        iqs: &[IqInfo],
        activations: &HashMap<String, Activation>,
        otp_statuses: &HashMap<String, OtpStatus>,
    ) -> Self {
        let names = LockNames::of(locks);
        let without_otp = without_otp(locks, iqs);
        let iq_of = |lock: &LockInfo| (lock.id, lock.iq.as_ref().map(|iq| iq.id.clone()));
        let locks: BTreeMap<_, _> = locks.iter().map(iq_of).collect();
        let restore =
            |iq: &str| iqs.iter().any(|info| info.id == iq && info.restore_required == Some(true));
        let all = locks.values().flatten().chain(iqs.iter().map(|iq| &iq.id));
        let failure = |iq: &String| {
            if without_otp.contains(iq) {
                return None;
            }
            let state = activations.get(iq).map(|activation| activation.state);
            Some((iq.clone(), expected_failure(state, restore(iq), otp_statuses.get(iq))?))
        };
        let failures: HashMap<_, _> = all.filter_map(failure).collect();
        let activated = |(iq, activation): (&String, &Activation)| {
            is_usable(activation.state).then(|| iq.clone())
        };
        let activated_iqs = activations.iter().filter_map(activated);
        let activated_iqs = activated_iqs.chain(without_otp.iter().cloned()).collect();
        Self { names, locks, failures, activated_iqs }
    }

    /// The reason why a command to this lock would fail, as far as it can be known.
    pub(crate) fn expected_failure(&self, lock: &LockRef) -> Option<FailedReason> {
        match self.resolve(lock).ok().and_then(|lock| self.locks.get(&lock)) {
            None | Some(None) => Some(FailedReason::LockNotFound),
            Some(Some(iq)) => self.failures.get(iq).copied(),
        }
    }

    /// The id of a lock; of a name, where exactly one lock has it.
    pub(crate) fn resolve(&self, lock: &LockRef) -> Result<Uuid, UnresolvedName> {
        self.names.resolve(lock)
    }

    /// The IQ of a lock; nothing where the site has no such lock, or the lock has no IQ.
    pub(crate) fn iq_of(&self, lock: Uuid) -> Option<&str> {
        self.locks.get(&lock)?.as_deref()
    }

    /// Whether the site has this lock.
    pub(crate) fn has_lock(&self, lock: Uuid) -> bool {
        self.locks.contains_key(&lock)
    }

    /// Whether a one-time password can be made for this IQ, or it needs none.
    pub(crate) fn is_iq_activated(&self, iq: &str) -> bool {
        self.activated_iqs.iter().any(|activated| activated == iq)
    }
}

/// The IQs that are opened without one-time passwords, and so need no activation.
fn without_otp(locks: &[LockInfo], iqs: &[IqInfo]) -> BTreeSet<String> {
    let of_lists = iqs.iter().map(|iq| (&iq.id, iq.otp_enabled));
    let of_locks = locks.iter().filter_map(|lock| lock.iq.as_ref());
    let all = of_lists.chain(of_locks.map(|iq| (&iq.id, iq.otp_enabled)));
    all.filter(|(_, otp)| *otp == Some(false)).map(|(iq, _)| iq.clone()).collect()
}

fn is_usable(state: ActivationState) -> bool {
    match state {
        ActivationState::Activated | ActivationState::Degraded => true,
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::ReactivationRequired => false,
    }
}

fn expected_failure(
    state: Option<ActivationState>,
    restore: bool,
    otp_status: Option<&OtpStatus>,
) -> Option<FailedReason> {
    let blocked =
        otp_status.and_then(|it| it.blocked_until).is_some_and(|until| until > Utc::now());
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
