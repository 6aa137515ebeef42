//! What all doors of an integration depend on: each change once.

use super::bookings::answer;
use super::fixture::{
    ATTENTION, booking, fixture, one_more_check, risks, states, wait_for_risk, wait_for_state,
};
use end_to_end::deadline::SOON;
use end_to_end::fixture::Fixture;
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use reqwest::Method;
use serde_json::json;

const ACCOUNT: &str = "accounts/system-user@acme.example";

/// A fixture in which a check has been made, with a booking that could be opened.
async fn checked() -> Fixture {
    let fixture = fixture(Setup::new().await).await;
    fixture.store_status(&booking("room-12")).await;
    one_more_check(&fixture, 0).await;
    fixture
}

async fn set_password(fixture: &Fixture, password: &str) {
    let change = json!({"password": password});
    fixture.setup.simulator.control(Method::PATCH, ACCOUNT, Some(change)).await;
    fixture.setup.simulator.revoke_tokens().await;
}

#[tokio::test]
async fn rejected_credentials_are_told_once_and_their_repair_once() {
    let fixture = checked().await;
    set_password(&fixture, "changed").await;
    wait_for_risk(&fixture, "room-12", &["credentials_rejected"]).await;
    let event = fixture.outbound.one_of(ATTENTION, SOON).await;
    assert_eq!(event.text("state"), "credentials_rejected");
    assert_eq!(event.routing_key, "integration.attention.acme-utrecht");
    assert!(event.text("detail").contains("invalid_grant"), "{}", event.text("detail"));
    set_password(&fixture, "demo-password").await;
    // An operator's command signs in, and the worker uses its token.
    let doctor = fixture.setup.postern(&["doctor"]).await;
    assert!(!doctor.stdout.is_empty());
    wait_for_risk(&fixture, "room-12", &[]).await;
    one_more_check(&fixture, 1).await;
    fixture.outbound.catch_up().await;
    assert_eq!(states(&fixture, INTEGRATION), ["credentials_rejected", "ok"]);
    assert_eq!(risks(&fixture, "room-12"), [vec!["credentials_rejected"], vec![]]);
}

#[tokio::test]
async fn the_state_of_the_user_is_told() {
    let fixture = checked().await;
    let simulator = &fixture.setup.simulator;
    for (user, state) in [
        (json!({"subscription_state": "suspended"}), "user_suspended"),
        (json!({"blocked": true}), "user_blocked"),
        (json!({"remote_access": false}), "remote_access_off"),
    ] {
        simulator.clear_faults().await;
        simulator.add_fault(answer("me", &user)).await;
        wait_for_state(&fixture, INTEGRATION, state).await;
        wait_for_risk(&fixture, "room-12", &[state]).await;
    }
    simulator.clear_faults().await;
    wait_for_risk(&fixture, "room-12", &[]).await;
    assert_eq!(
        states(&fixture, INTEGRATION),
        ["user_suspended", "user_blocked", "remote_access_off", "ok"]
    );
}

#[tokio::test]
async fn an_identity_host_that_answers_404_is_an_outage_and_no_wrong_password() {
    let fixture = checked().await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "identity_gone"})).await;
    simulator.revoke_tokens().await;
    wait_for_risk(&fixture, "room-12", &["salto_unavailable"]).await;
    let event = fixture.outbound.one_of(ATTENTION, SOON).await;
    assert!(event.text("detail").contains("status.saltoks.com"), "{}", event.text("detail"));
    simulator.clear_faults().await;
    wait_for_risk(&fixture, "room-12", &[]).await;
    assert_eq!(states(&fixture, INTEGRATION), ["salto_unavailable", "ok"]);
}

#[tokio::test]
async fn several_accounts_that_are_rejected_at_once_are_an_outage() {
    let mut setup = Setup::new().await;
    let mut second = setup.settings.integrations()[0].clone();
    let table = second.as_table_mut().expect("an integration is a table");
    table.insert("id".into(), "second".into());
    table.insert("username".into(), "pod-member@acme.example".into());
    table.insert("password".into(), "demo-password-2".into());
    setup.settings.integrations().push(second);
    let fixture = fixture(setup).await;
    one_more_check(&fixture, 0).await;
    let simulator = &fixture.setup.simulator;
    let rejected =
        json!({"kind": "status", "status": 400, "error_code": "invalid_grant", "call": "token"});
    simulator.add_fault(rejected).await;
    simulator.revoke_tokens().await;
    for integration in [INTEGRATION, "second"] {
        wait_for_state(&fixture, integration, "salto_unavailable").await;
    }
    let events = fixture.outbound.events();
    let told: Vec<_> = events.iter().filter(|it| it.kind == ATTENTION).collect();
    assert_eq!(told.iter().filter(|it| it.text("state") == "salto_unavailable").count(), 2);
    assert!(told.iter().all(|it| it.text("state") != "credentials_rejected"), "{told:?}");
    assert!(told[0].text("detail").contains("several accounts"), "{}", told[0].text("detail"));
}

#[tokio::test]
async fn a_pause_that_is_longer_than_a_request_is_a_risk() {
    let fixture = checked().await;
    let pause = json!({"kind": "rate_limit", "call": "me", "retry_after": 300, "times": 1});
    fixture.setup.simulator.add_fault(pause).await;
    wait_for_risk(&fixture, "room-12", &["rate_limited"]).await;
    let lifted = fixture.setup.postern(&["pause", "lift", "--integration", INTEGRATION]).await;
    assert!(lifted.status.success(), "{lifted:?}");
    wait_for_risk(&fixture, "room-12", &[]).await;
    assert_eq!(states(&fixture, INTEGRATION), Vec::<String>::new());
}
