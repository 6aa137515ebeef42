//! The locks of a site that can be opened now, and the reasons why the others cannot.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Utc;
use rules::{LockRef, RiskReason};
use salto::{Activation, ActivationState, IqInfo, LockInfo};
use uuid::Uuid;

use super::lock_names::{LockNames, UnresolvedName};
use crate::state::otp_guard::OtpStatus;

/// The locks of a site with their IQs, and why a command to each IQ would fail.
#[derive(Debug)]
pub struct LockAvailability {
    names: LockNames,
    locks: BTreeMap<Uuid, ListedLock>,
    obstacles: HashMap<String, RiskReason>,
    offline_iqs: Vec<String>,
    activated_iqs: Vec<String>,
}

/// A lock as Salto's list has it.
#[derive(Debug)]
struct ListedLock {
    /// None where it has no IQ.
    iq: Option<String>,
    offline: bool,
    privacy_mode: bool,
}

impl LockAvailability {
    /// Computes it from Salto's lists and the stored records.
    #[must_use]
    pub fn new(
        locks: &[LockInfo],
        iqs: &[IqInfo],
        activations: &HashMap<String, Activation>,
        otp_statuses: &HashMap<String, OtpStatus>,
    ) -> Self {
        let without_otp = without_otp(locks, iqs);
        let restore =
            |iq: &str| iqs.iter().any(|info| info.id == iq && info.restore_required == Some(true));
        let iqs_of_locks = locks.iter().filter_map(|lock| lock.iq.as_ref().map(|iq| &iq.id));
        let all = iqs_of_locks.chain(iqs.iter().map(|iq| &iq.id));
        let obstacle = |iq: &String| {
            if without_otp.contains(iq) {
                return None;
            }
            let state = activations.get(iq).map(|activation| activation.state);
            Some((iq.clone(), obstacle_at_iq(state, restore(iq), otp_statuses.get(iq))?))
        };
        let obstacles = all.filter_map(obstacle).collect();
        let activated = |(iq, activation): (&String, &Activation)| {
            is_usable(activation.state).then(|| iq.clone())
        };
        let activated_iqs = activations.iter().filter_map(activated);
        Self {
            names: LockNames::of(locks),
            locks: locks.iter().map(|lock| (lock.id, ListedLock::of(lock))).collect(),
            obstacles,
            offline_iqs: offline_iqs(locks, iqs),
            activated_iqs: activated_iqs.chain(without_otp.iter().cloned()).collect(),
        }
    }

    /// The reason why a command to this lock would fail, as far as it is certain.
    #[must_use]
    pub fn obstacle(&self, lock: &LockRef) -> Option<RiskReason> {
        match self.resolve(lock).ok().and_then(|lock| self.iq_of(lock)) {
            None => Some(RiskReason::LockNotFound),
            Some(iq) => self.obstacles.get(iq).copied(),
        }
    }

    /// All reasons why a command to this lock could fail: the certain one first, then what Salto's lists
    /// show. These lag (`docs/salto-ks.md`, The OTP), so that they are a reason to warn, and none to
    /// refuse.
    #[must_use]
    pub fn risks(&self, lock: &LockRef) -> Vec<RiskReason> {
        let mut risks: Vec<_> = self.obstacle(lock).into_iter().collect();
        let listed = self.resolve(lock).ok().and_then(|lock| self.locks.get(&lock));
        let Some(listed) = listed else { return risks };
        let Some(iq) = &listed.iq else { return risks };
        if self.offline_iqs.contains(iq) {
            risks.push(RiskReason::IqOffline);
        } else if listed.offline {
            risks.push(RiskReason::LockOffline);
        }
        risks.extend(listed.privacy_mode.then_some(RiskReason::PrivacyMode));
        risks
    }

    /// The id of a lock; of a name, where exactly one lock has it.
    ///
    /// # Errors
    /// No lock has the name, or several have it.
    pub fn resolve(&self, lock: &LockRef) -> Result<Uuid, UnresolvedName> {
        self.names.resolve(lock)
    }

    /// The IQ of a lock; nothing where the site has no such lock, or the lock has no IQ.
    #[must_use]
    pub fn iq_of(&self, lock: Uuid) -> Option<&str> {
        self.locks.get(&lock)?.iq.as_deref()
    }

    /// Whether the site has this lock.
    #[must_use]
    pub fn has_lock(&self, lock: Uuid) -> bool {
        self.locks.contains_key(&lock)
    }

    /// Whether a one-time password can be made for this IQ, or it needs none.
    #[must_use]
    pub fn is_iq_activated(&self, iq: &str) -> bool {
        self.activated_iqs.iter().any(|activated| activated == iq)
    }
}

impl ListedLock {
    fn of(lock: &LockInfo) -> Self {
        Self {
            iq: lock.iq.as_ref().map(|iq| iq.id.clone()),
            offline: lock.online == Some(false),
            privacy_mode: lock.privacy_mode == Some(true),
        }
    }
}

/// The IQs that are offline by their own list, or by that of the locks where they are not in it.
fn offline_iqs(locks: &[LockInfo], iqs: &[IqInfo]) -> Vec<String> {
    let is_listed = |id: &str| iqs.iter().any(|iq| iq.id == id);
    let of_locks = locks.iter().filter_map(|lock| lock.iq.as_ref());
    let of_locks = of_locks.filter(|iq| iq.is_online == Some(false) && !is_listed(&iq.id));
    let of_iqs = iqs.iter().filter(|iq| iq.online == Some(false)).map(|iq| iq.id.clone());
    let mut all: Vec<_> = of_locks.map(|iq| iq.id.clone()).chain(of_iqs).collect();
    all.sort();
    all.dedup();
    all
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

fn obstacle_at_iq(
    state: Option<ActivationState>,
    restore: bool,
    otp_status: Option<&OtpStatus>,
) -> Option<RiskReason> {
    let blocked =
        otp_status.and_then(|it| it.blocked_until).is_some_and(|until| until > Utc::now());
    match state {
        None | Some(ActivationState::NotActivated | ActivationState::PendingPin) => {
            Some(RiskReason::IqNotActivated)
        }
        Some(ActivationState::ReactivationRequired) => Some(RiskReason::IqReactivationRequired),
        Some(ActivationState::Activated | ActivationState::Degraded) if restore => {
            Some(RiskReason::IqReactivationRequired)
        }
        Some(ActivationState::Activated | ActivationState::Degraded) if blocked => {
            Some(RiskReason::OtpBlocked)
        }
        Some(ActivationState::Degraded) => Some(RiskReason::OtpInvalid),
        Some(ActivationState::Activated) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LOCK: &str = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";

    fn risks(lock: serde_json::Value, iq: serde_json::Value, activated: bool) -> Vec<RiskReason> {
        let locks: Vec<LockInfo> = vec![serde_json::from_str(&lock.to_string()).unwrap()];
        let iqs: Vec<IqInfo> = vec![serde_json::from_str(&iq.to_string()).unwrap()];
        let proven = || Activation::proven("ABCDEFGHIJKLMNOP".into(), "0601".into());
        let activations: HashMap<_, _> =
            activated.then(|| ("q1".to_owned(), proven())).into_iter().collect();
        LockAvailability::new(&locks, &iqs, &activations, &HashMap::new())
            .risks(&LockRef::Id(locks[0].id))
    }

    #[test]
    fn what_the_lists_show_is_a_risk_beside_the_certain_obstacle() {
        let iq = || json!({"id": "q1", "online": true});
        let lock =
            || json!({"id": LOCK, "online": true, "privacy_mode": false, "iq": {"id": "q1"}});
        assert_eq!(risks(lock(), iq(), true), []);
        assert_eq!(risks(lock(), iq(), false), [RiskReason::IqNotActivated]);
        let private =
            json!({"id": LOCK, "online": false, "privacy_mode": true, "iq": {"id": "q1"}});
        assert_eq!(
            risks(private.clone(), iq(), true),
            [RiskReason::LockOffline, RiskReason::PrivacyMode]
        );
        let offline = json!({"id": "q1", "online": false});
        assert_eq!(
            risks(private, offline, false),
            [RiskReason::IqNotActivated, RiskReason::IqOffline, RiskReason::PrivacyMode]
        );
        let without_iq = json!({"id": LOCK, "online": false, "privacy_mode": true});
        assert_eq!(risks(without_iq, iq(), true), [RiskReason::LockNotFound]);
        let without_otp = json!({"id": "q1", "online": true, "otp_enabled": false});
        assert_eq!(risks(lock(), without_otp, false), [], "it needs no activation");
    }

    #[test]
    fn a_name_that_is_not_the_name_of_one_lock_is_not_found() {
        let named = |id: u128, name: &str| -> LockInfo {
            let id = Uuid::from_u128(id);
            let lock = json!({"id": id, "customer_reference": name, "iq": {"id": "q1"}});
            serde_json::from_str(&lock.to_string()).unwrap()
        };
        let locks = [named(1, "Main"), named(2, "Twin"), named(3, "Twin")];
        let proven = Activation::proven("ABCDEFGHIJKLMNOP".into(), "0601".into());
        let activations = HashMap::from([("q1".to_owned(), proven)]);
        let locks = LockAvailability::new(&locks, &[], &activations, &HashMap::new());
        let risks = |name: &str| locks.risks(&LockRef::Name(name.into()));
        assert_eq!(risks("Main"), []);
        assert_eq!(risks("Twin"), [RiskReason::LockNotFound]);
        assert_eq!(risks("None"), [RiskReason::LockNotFound]);
    }
}
