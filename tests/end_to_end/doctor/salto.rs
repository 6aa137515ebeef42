//! Faults of the account, of the IQs and of the mapping.

use super::{Report, change_account, remove_mappings, sound_setup};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn faults_of_the_account_are_named() {
    let server = PrivateRedis::start().await;
    let mut fixture = sound_setup(&server).await;
    let right = json!({"remote_access": true, "blocked": false, "roles": ["site_admin"]});
    change_account(&fixture.setup, json!({"remote_access": false})).await;
    Report::of(&fixture.setup).await.assert_only(
        "salto.rights",
        "no remote access",
        "remote access",
    );
    change_account(&fixture.setup, right.clone()).await;
    change_account(&fixture.setup, json!({"blocked": true})).await;
    let report = Report::of(&fixture.setup).await;
    assert_eq!(report.status, Some(1), "{:#?}", report.findings);
    change_account(&fixture.setup, right.clone()).await;
    change_account(&fixture.setup, json!({"roles": ["viewer"]})).await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("salto.rights", "ok", "viewer");
    assert_eq!(report.status, Some(0), "no role is required");
    change_account(&fixture.setup, json!({"suspended": true})).await;
    Report::of(&fixture.setup).await.assert_only("salto.rights", "suspended", "seat");
    change_account(&fixture.setup, json!({"suspended": false})).await;
    change_account(&fixture.setup, right).await;

    fixture.setup.settings.set_integration("site_uid", "NL0000000000");
    Report::of(&fixture.setup).await.assert_only("salto.site", "NL6254340082", "site_uid");
    fixture.setup.settings.set_integration("site_uid", "NL6254340082");

    fixture.setup.settings.set_integration("password", "of-last-year");
    let (granted, denied) = fixture.setup.simulator.token_requests().await;
    for _ in 0..3 {
        let report = Report::of(&fixture.setup).await;
        report.assert_only("salto.sign_in", "no call is sent for", "used at once");
    }
    let now = fixture.setup.simulator.token_requests().await;
    assert_eq!(now, (granted, denied + 3), "each command tries the credentials once");
}

#[tokio::test]
async fn clock_differences_and_pauses_are_reported() {
    let server = PrivateRedis::start().await;
    let fixture = sound_setup(&server).await;
    let simulator = &fixture.setup.simulator;
    for (offset, level) in [(30, "note"), (-90, "warning"), (400, "broken")] {
        simulator.control(Method::PUT, "clock", Some(json!({"offset_seconds": offset}))).await;
        let report = Report::of(&fixture.setup).await;
        report.assert_finding("salto.clock", level, &format!("{offset:+}")[..2]);
    }
    simulator.control(Method::PUT, "clock", Some(json!({"offset_seconds": 0}))).await;

    simulator
        .add_fault(json!({"kind": "rate_limit", "retry_after": 3600, "call": "open", "times": 1}))
        .await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "rate_limited");
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("salto.pause", "warning", "has asked for a pause");
    assert!(report.findings.iter().all(|it| it["check"] != "salto.sign_in"), "nothing is asked");
}

#[tokio::test]
async fn iqs_mapping_and_the_bookings_of_the_next_hour_are_checked_together() {
    let server = PrivateRedis::start().await;
    let mut setup = Setup::over(end_to_end::broker::Vhost::new().await, server.url()).await;
    remove_mappings(&mut setup, "room-nowhere");
    setup.activate(IQ_GROUND_FLOOR).await;
    let mut fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    let mut later = booking_status("later", "paid");
    later["data"]["object_ids"] = json!(["room-14"]);
    later["data"]["starts_at"] = end_to_end::inbound::time(7200).into();
    later["data"]["ends_at"] = end_to_end::inbound::time(9000).into();
    fixture.store_status(&later).await;
    fixture.store_status(&booking_status("cancelled", "cancelled")).await;
    fixture.store_booking("sauna").await;

    let report = Report::of(&fixture.setup).await;
    let iq = report.assert_finding("iq", "broken", IQ_FIRST_FLOOR);
    let command =
        format!("`postern iq activate --integration {INTEGRATION} --iq {IQ_FIRST_FLOOR}`");
    assert_eq!(iq["next"], command);
    report.assert_finding("iq", "ok", "activated and in order: 1");
    report.assert_finding("mapping", "broken", "room-13");
    let shut = report.assert_finding("bookings", "broken", "iq_not_activated");
    let detail = shut["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("room-13") && !detail.contains("later"), "{detail}");
    report.assert_finding("bookings", "broken", "no_lock_mapped: sauna");
    report.assert_finding("bookings", "note", "cancelled (cancelled)");

    fixture.setup.activate(IQ_FIRST_FLOOR).await;
    let lock = "00000000-0000-4000-8000-000000000bad";
    fixture.setup.settings.map("sauna", lock);
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("mapping", "broken", lock);
    report.assert_finding("bookings", "broken", "lock_not_found: sauna");
    remove_mappings(&mut fixture.setup, "sauna");
    fixture.setup.settings.set_integration("default_lock", end_to_end::simulator::FRONT_DOOR);
    assert_eq!(Report::of(&fixture.setup).await.status, Some(0));

    fixture.setup.simulator.change_iq(IQ_FIRST_FLOOR, json!({"restore_required": true})).await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("iq", "broken", "restore");
    report.assert_finding("bookings", "broken", "iq_reactivation_required");
    fixture
        .setup
        .simulator
        .change_iq(IQ_FIRST_FLOOR, json!({"restore_required": false, "online": false}))
        .await;
    Report::of(&fixture.setup).await.assert_finding("iq", "warning", "offline");
}

#[tokio::test]
async fn rejected_passwords_and_a_blocked_user_are_reported() {
    let server = PrivateRedis::start().await;
    let fixture = sound_setup(&server).await;
    let simulator = &fixture.setup.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": "RotatedByAnApp01"})).await;
    fixture.open("R-1", BOOKING).await;
    Report::of(&fixture.setup).await.assert_finding("iq", "warning", "rejected the last 1");
    fixture.open("R-2", BOOKING).await;
    fixture.open("R-3", BOOKING).await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("iq", "broken", "degraded");
    report.assert_finding("bookings", "broken", "otp_invalid: B-1");

    let fault = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(fault).await;
    fixture.open("R-4", BOOKING).await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("iq", "broken", "no command is sent until");
    report.assert_finding("bookings", "broken", "otp_blocked: B-1");
}
