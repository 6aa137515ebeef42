//! The next steps, by state.

use chrono::Utc;
use consumer::OtpStatus;
use serde_json::{Value, json};

use super::*;

fn iq(state: ActivationState) -> IqOverview {
    IqOverview {
        id: "q1".into(),
        listed: Some(
            serde_json::from_str(&json!({"id": "q1", "online": true}).to_string()).unwrap(),
        ),
        activated_at_salto: None,
        activated_at_salto_since: None,
        state,
        since: None,
        pin_change_pending: false,
        otp_status: OtpStatus::default(),
    }
}

fn listed(iq: IqOverview, members: Value) -> IqOverview {
    let mut listed = json!({"id": "q1", "online": true});
    listed.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    IqOverview { listed: Some(serde_json::from_str(&listed.to_string()).unwrap()), ..iq }
}

#[track_caller]
fn next_step_contains(iq: &IqOverview, doors_shut: bool, text: &str) {
    let step = next_step("acme", iq).unwrap();
    assert!(step.next.contains(text) || step.problem.contains(text), "{step:?}");
    assert_eq!(step.doors_shut, doors_shut, "{step:?}");
}

#[test]
fn every_state_but_a_working_one_has_a_next_step() {
    next_step_contains(&iq(ActivationState::NotActivated), true, "iq activate --integration acme");
    next_step_contains(&iq(ActivationState::PendingPin), true, "--send-pin sms");
    next_step_contains(&iq(ActivationState::Degraded), true, "iq probe --force");
    next_step_contains(&iq(ActivationState::Degraded), true, "Rights → Reset PIN");
    next_step_contains(&iq(ActivationState::ReactivationRequired), true, "restore");
    assert_eq!(next_step("acme", &iq(ActivationState::Activated)), None);
}

#[test]
fn what_salto_says_about_the_activation_decides_between_adopting_and_activating() {
    let at_salto =
        |state, activated| IqOverview { activated_at_salto: Some(activated), ..iq(state) };
    next_step_contains(&at_salto(ActivationState::NotActivated, true), true, "iq adopt");
    next_step_contains(&at_salto(ActivationState::ReactivationRequired, true), true, "iq adopt");
    for state in [ActivationState::Degraded, ActivationState::ReactivationRequired] {
        next_step_contains(&at_salto(state, false), true, "has reset the activation");
    }
    next_step_contains(&at_salto(ActivationState::Activated, false), false, "not activated here");
}

#[test]
fn the_most_severe_problem_is_shown() {
    let activated = || iq(ActivationState::Activated);
    let rejected = OtpStatus { rejected_in_a_row: 1, blocked_until: None };
    let blocked = OtpStatus { rejected_in_a_row: 1, blocked_until: Some(Utc::now()) };
    let pending = IqOverview { otp_status: rejected, ..activated() };
    next_step_contains(&pending, false, "rejected the last 1");
    let changing = IqOverview { pin_change_pending: true, ..pending };
    next_step_contains(&changing, false, "iq set-pin");
    let blocked_now = IqOverview { otp_status: blocked, ..changing };
    next_step_contains(&blocked_now, true, "no command is sent until");
    let restore = listed(blocked_now, json!({"restore_required": true}));
    next_step_contains(&restore, true, "restore the IQ in Salto KS");
    next_step_contains(&IqOverview { listed: None, ..restore }, true, "iq forget");
    next_step_contains(&listed(activated(), json!({"online": false})), false, "power and network");
    let waiting = IqOverview { otp_status: blocked, ..iq(ActivationState::PendingPin) };
    next_step_contains(&waiting, true, "wait until");
}

#[test]
fn an_iq_without_one_time_passwords_needs_no_activation() {
    let without_otp = || listed(iq(ActivationState::NotActivated), json!({"otp_enabled": false}));
    assert_eq!(next_step("acme", &without_otp()), None);
    let offline = listed(without_otp(), json!({"otp_enabled": false, "online": false}));
    next_step_contains(&offline, false, "power and network");
}
