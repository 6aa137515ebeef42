//! The explanation of the rule.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rules::{
    Booking, Decision, IntegrationRules, RejectedReason, Request, Rule, RuleInput, RuleResult,
    decide, explain,
};

use crate::fixtures::{
    FRONT, ROOM, any_instant, any_integration, any_request, any_states, at, booking, integration,
    request,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// The explanation and the decision agree.
    #[test]
    fn the_first_no_of_an_explanation_is_the_decision(
        now in any_instant(),
        integration in prop::option::weighted(0.9, any_integration()),
        booking in prop::option::weighted(0.9, any_states()),
        request in any_request(),
    ) {
        let (integration, booking) = (integration.as_ref(), booking.as_ref());
        let steps = explain(now, integration, booking, &request);
        let first_no = steps.iter().find_map(|step| match &step.result {
            RuleResult::No(rejection) => Some(rejection.clone()),
            RuleResult::Yes | RuleResult::Expired | RuleResult::NotApplicable => None,
        });
        let all = |wanted: &[RuleResult]| steps.iter().all(|step| wanted.contains(&step.result));
        match decide(now, integration, booking, &request) {
            Decision::Rejected(rejection) => prop_assert_eq!(Some(rejection), first_no),
            Decision::Open(opening) => {
                prop_assert!(all(&[RuleResult::Yes]));
                let lock = ("lock", RuleInput::Lock(Some(opening.lock)));
                let has_lock = steps.iter().any(|step| step.inputs.contains(&lock));
                prop_assert!(has_lock);
            }
            Decision::Expired(_) => {
                prop_assert!(all(&[RuleResult::Yes, RuleResult::Expired]) && !all(&[RuleResult::Yes]));
            }
        }
    }
}

#[test]
fn an_explanation_has_the_inputs_of_each_rule() {
    let now = at(3_600 - 15 * 60 - 840);
    let steps = explain(now, Some(&integration()), Some(&booking().into()), &request());
    let step = |rule| steps.iter().find(|step| step.rule == rule).unwrap();
    let window = step(Rule::WindowBegun);
    assert!(matches!(&window.result, RuleResult::No(no) if no.reason == RejectedReason::TooEarly));
    assert!(window.inputs.contains(&("opens_at", RuleInput::Time(at(3_600 - 15 * 60)))));
    assert!(window.inputs.contains(&("now", RuleInput::Time(now))));
    let allowed = ["confirmed", "paid", "checked_in"].map(str::to_owned).to_vec();
    assert!(step(Rule::StatusAllowed).inputs.contains(&("allowed", RuleInput::Texts(allowed))));
    assert_eq!(step(Rule::LockMapped).result, RuleResult::Yes);

    let nothing = explain(now, None, None, &request());
    let skipped = nothing.iter().filter(|step| step.result == RuleResult::NotApplicable);
    let skipped: Vec<_> = skipped.map(|step| step.rule.code()).collect();
    assert_eq!(
        skipped.join(" "),
        "integration_active status_allowed window_begun window_not_over object_booked lock_mapped"
    );
}

/// Integrations with one setting changed, by its name. A new setting does not compile before it is
/// here; those that are not have no input of their own.
fn changed_settings() -> [(&'static str, IntegrationRules); 8] {
    let IntegrationRules {
        id: _,
        // The rule says it itself.
        active: _,
        open_from_statuses: _,
        minutes_before: _,
        minutes_after: _,
        check_in_status: _,
        // No rule reads it.
        record_opened_at_in: _,
        default_lock: _,
        locks: _,
        shared_doors: _,
    } = integration();
    let shared_doors = BTreeMap::from([("entrance".to_owned(), vec!["sauna".to_owned()])]);
    let locks = BTreeMap::from([("room-12".to_owned(), FRONT.into())]);
    [
        ("id", IntegrationRules { id: "other".into(), ..integration() }),
        (
            "open_from_statuses",
            IntegrationRules { open_from_statuses: Vec::new(), ..integration() },
        ),
        ("minutes_before", IntegrationRules { minutes_before: 16, ..integration() }),
        ("minutes_after", IntegrationRules { minutes_after: 6, ..integration() }),
        ("shared_doors", IntegrationRules { shared_doors, ..integration() }),
        ("check_in_status", IntegrationRules { check_in_status: None, ..integration() }),
        ("default_lock", IntegrationRules { default_lock: Some(ROOM.into()), ..integration() }),
        ("locks", IntegrationRules { locks, ..integration() }),
    ]
}

#[test]
fn every_setting_that_a_rule_reads_is_an_input() {
    let inputs = |integration: &IntegrationRules| -> Vec<_> {
        let bookings =
            ["room-12", "sauna"].map(|it| Booking { object_ids: vec![it.into()], ..booking() });
        let requests = [None, Some("entrance")]
            .map(|it| Request { object_id: it.map(Into::into), ..request() });
        let steps = bookings.iter().flat_map(|it| {
            let booking = it.clone().into();
            let steps = requests
                .each_ref()
                .map(|request| explain(at(3_600), Some(integration), Some(&booking), request));
            steps.into_iter().flatten()
        });
        steps.flat_map(|step| step.inputs).collect()
    };
    for (setting, changed) in changed_settings() {
        assert_ne!(inputs(&changed), inputs(&integration()), "{setting} is no input of any rule");
    }
}
