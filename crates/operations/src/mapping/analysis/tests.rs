//! The findings about mappings of every kind.

use consumer::OtpStatus;
use serde_json::json;

use super::*;
use crate::testing::rules;

const GOOD: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const WITHOUT_IQ: Uuid = Uuid::from_u128(3);
const MISSING: Uuid = Uuid::from_u128(4);

fn locks() -> Vec<LockInfo> {
    [(GOOD, Some("q1")), (OTHER, Some("q2")), (WITHOUT_IQ, None)]
        .map(|(id, iq)| {
            let iq = iq.map(|id| json!({"id": id}));
            let name = if id == GOOD { "Good" } else { "Door" };
            serde_json::from_str(
                &json!({"id": id, "customer_reference": name, "iq": iq}).to_string(),
            )
            .unwrap()
        })
        .into()
}

fn iq(id: &str, state: ActivationState) -> IqOverview {
    IqOverview {
        id: id.into(),
        listed: Some(serde_json::from_str(&json!({"id": id}).to_string()).unwrap()),
        activated_at_salto: None,
        activated_at_salto_since: None,
        state,
        since: None,
        pin_change_pending: false,
        otp_status: OtpStatus::default(),
    }
}

fn found(rules: &IntegrationRules, iqs: &[IqOverview]) -> Vec<(MappingFindingKind, String)> {
    let findings = analyse(rules, &locks(), iqs);
    findings.into_iter().map(|it| (it.finding, it.objects.join(" "))).collect()
}

#[test]
fn a_working_mapping_has_no_findings() {
    let rules = rules(&[("room-1", GOOD)], Some(GOOD.into()));
    assert_eq!(found(&rules, &[iq("q1", ActivationState::Activated)]), []);
}

#[test]
fn broken_findings_come_first_and_name_their_objects() {
    let rules = rules(&[("a", MISSING), ("b", WITHOUT_IQ), ("c", OTHER), ("d", OTHER)], None);
    let iqs = [iq("q1", ActivationState::Degraded), iq("q2", ActivationState::NotActivated)];
    let expected = [
        (MappingFindingKind::LockWithoutIq, "b"),
        (MappingFindingKind::LockNotFound, "a"),
        (MappingFindingKind::IqNotActivated, "c d"),
        (MappingFindingKind::SharedLock, "c d"),
        (MappingFindingKind::NoDefaultLock, ""),
    ];
    assert_eq!(found(&rules, &iqs), expected.map(|(kind, objects)| (kind, objects.to_owned())));
}

#[test]
fn a_name_is_a_lock_where_it_is_unique() {
    let named = |name: &str| {
        let locks = BTreeMap::from([("room-1".to_owned(), LockRef::from(name))]);
        IntegrationRules { locks, ..rules(&[], Some(GOOD.into())) }
    };
    let iqs = [iq("q1", ActivationState::Activated)];
    assert_eq!(found(&named("Good"), &iqs), []);
    for name in ["good", "Door"] {
        let expected = [(MappingFindingKind::LockNotFound, "room-1".to_owned())];
        assert_eq!(found(&named(name), &iqs), expected, "{name}");
    }
}

#[test]
fn every_problem_of_an_iq_is_found() {
    let rules = rules(&[], Some(GOOD.into()));
    let activated = || iq("q1", ActivationState::Activated);
    let blocked = OtpStatus { rejected_in_a_row: 1, blocked_until: Some(chrono::Utc::now()) };
    let rejected = OtpStatus { rejected_in_a_row: 1, blocked_until: None };
    let restore = json!({"id": "q1", "restore_required": true});
    let restore = Some(serde_json::from_str(&restore.to_string()).unwrap());
    for (overview, kind) in [
        (iq("q1", ActivationState::Degraded), MappingFindingKind::IqInTrouble),
        (iq("q1", ActivationState::PendingPin), MappingFindingKind::IqNotActivated),
        (IqOverview { otp_status: blocked, ..activated() }, MappingFindingKind::IqInTrouble),
        (IqOverview { listed: restore, ..activated() }, MappingFindingKind::IqInTrouble),
        (IqOverview { listed: None, ..activated() }, MappingFindingKind::IqInTrouble),
        (IqOverview { otp_status: rejected, ..activated() }, MappingFindingKind::IqToBeLookedAt),
    ] {
        assert_eq!(found(&rules, &[overview]), [(kind, String::new())]);
    }
    assert_eq!(found(&rules, &[]), [(MappingFindingKind::IqNotActivated, String::new())]);
}

#[test]
fn without_any_lock_nothing_opens() {
    assert_eq!(found(&rules(&[], None), &[]), [(MappingFindingKind::NothingMapped, String::new())]);
    let off = IntegrationRules { active: false, ..rules(&[], None) };
    assert_eq!(found(&off, &[])[1].0, MappingFindingKind::Inactive);
}
