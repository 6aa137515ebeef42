//! `postern doctor` against the bodies that were measured at Salto's acceptance environment (docs/salto-ks.md): with
//! members that postern does not know, links and counts that are null, and a user with roles of the site's own.

use crate::doctor::{Report, remove_mappings};
use end_to_end::broker::Vhost;
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR};
use serde_json::{Value, json};

const SITE: &str = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";

fn page(items: Value) -> Value {
    json!({"items": items, "next_page_link": null, "count": null})
}

fn sites() -> Value {
    page(json!([{
        "active_user_amount": 5, "active_iq_amount": 1, "pin_enabled": true, "site_uid": "NL6254340082", "id": SITE,
        "customer_reference": "acme utrecht", "subscription_valid": true, "country_code": "NL",
        "owner": {"email": "o***@a***.example", "image_url": null}, "store_events_ttl": "90.00:00:00",
    }]))
}

fn role(code: &str, name: &str) -> Value {
    let id = "3bf83b0a-aeb0-4554-a766-94306b723741";
    json!({"id": id, "customer_reference": name, "code": code, "parent_id": null, "is_hierarchical": true})
}

fn me() -> Value {
    json!({
        "id": "be523f65-6e55-446c-91a5-337d69bb27a2",
        "roles": [
            role("test", "Test"), role("site_remote_office_mode_user", "Office mode"), role("site_mobile_user", "Mobile"),
        ],
        "remote_access": true, "blocked": false, "override_privacy_mode": false,
        "subscription_state": "subscribed", "use_pin": true, "expires_at": null,
        "user": {"id": "40c32eb0-62d4-4e16-b60e-5c359dca7f18", "first_name": "S***"},
    })
}

fn iqs() -> Value {
    page(json!([{
        "id": IQ_GROUND_FLOOR, "customer_reference": "IQ 01", "time_zone": "Europe/Berlin", "mac": "3B.9E.05",
        "operator": "KPN", "state": "active", "restore_required": false, "reset_date": null, "online": true,
        "led_enabled": true, "data_sync_state": "not_synced", "signal_strength": 21, "revision": "2.0",
        "otp_enabled": true,
    }]))
}

fn locks() -> Value {
    page(json!([{
        "mac": "0163813000002C", "floor": null, "locked_state": "locked", "lock_type": "escutcheon_pin", "online": true,
        "iq_link_state": "attached", "battery_level": "fresh", "left_open_alarm": false,
        "easy_office_mode_schedule": {"eom_auto_start": true, "start_date": null},
        "iq": {
            "mac_address": "3B.9E.05", "is_online": true, "revision": "2.0", "otp_enabled": true, "id": IQ_GROUND_FLOOR,
            "customer_reference": "IQ 01",
        },
        "repeater": null, "privacy_mode": false, "communication_type": "blue_net", "vendor": {"reference": "sallis"},
        "id": FRONT_DOOR, "customer_reference": "Tür 01",
    }]))
}

fn activated_iqs() -> Value {
    page(json!([{
        "iq_id": IQ_GROUND_FLOOR, "activated": true, "activation_date": "2026-08-19T07:05:04Z", "otp_enabled": true,
    }]))
}

/// Has every such call answered with this body.
async fn answer(setup: &Setup, call: &str, body: &Value) {
    let fault = json!({
        "kind": "status", "status": 200, "call": call, "body": body.to_string(), "content_type": "application/json",
        // The doctor also calls without an account.
        "username": "system-user@acme.example",
    });
    setup.simulator.add_fault(fault).await;
}

/// Has all calls answered with the measured bodies, but one call with another body.
async fn measured(setup: &Setup, other: Option<(&str, Value)>) {
    setup.simulator.clear_faults().await;
    let measured = [
        ("sites", sites()),
        ("me", me()),
        ("iqs", iqs()),
        ("locks", locks()),
        ("activated_iqs", activated_iqs()),
    ];
    for (call, body) in measured {
        let body = match &other {
            Some((changed, other)) if *changed == call => other,
            Some(_) | None => &body,
        };
        answer(setup, call, body).await;
    }
}

/// A body with another value of one member of its only item, or of the object itself.
fn with(mut body: Value, member: &str, value: Value) -> Value {
    match body["items"].as_array_mut() {
        Some(items) => items[0][member] = value,
        None => body[member] = value,
    }
    body
}

async fn setup(server: &PrivateRedis) -> Setup {
    let mut setup = Setup::over(Vhost::new().await, server.url()).await;
    for room in 1..=24 {
        remove_mappings(&mut setup, &format!("room-{room}"));
    }
    remove_mappings(&mut setup, "room-nowhere");
    setup.activate(IQ_GROUND_FLOOR).await;
    setup
}

#[tokio::test]
async fn the_doctor_is_green_on_the_measured_answers() {
    let server = PrivateRedis::start().await;
    let setup = setup(&server).await;
    let worker = setup.worker("worker").start().await;
    measured(&setup, None).await;
    let report = Report::of(&setup).await;
    let not_ok: Vec<_> = report.findings().iter().filter(|it| it["level"] != "ok").collect();
    assert_eq!((not_ok, report.status()), (vec![], Some(0)));
    for finding in report.findings() {
        let mut members: Vec<_> = finding.as_object().expect("an object").keys().collect();
        members.sort();
        assert_eq!(members, ["check", "detail", "level", "next", "subject"]);
    }
    worker.kill().await;
}

#[tokio::test]
async fn each_deviation_of_the_measured_answers_is_a_finding_of_its_own() {
    let server = PrivateRedis::start().await;
    let setup = setup(&server).await;
    let rights = "salto.rights";
    for (call, body, (check, level, text)) in [
        ("me", with(me(), "blocked", json!(true)), (rights, "broken", "blocked")),
        ("me", with(me(), "remote_access", json!(false)), (rights, "broken", "remote access")),
        (
            "me",
            with(me(), "subscription_state", json!("suspended")),
            (rights, "broken", "suspended"),
        ),
        ("me", with(me(), "subscription_state", json!("paused")), (rights, "warning", "paused")),
        ("me", with(me(), "roles", json!([])), (rights, "note", "no role")),
        ("iqs", with(iqs(), "restore_required", json!(true)), ("iq", "broken", "restore")),
        ("iqs", with(iqs(), "online", json!(false)), ("iq", "warning", "offline")),
        ("locks", with(locks(), "iq", json!(null)), ("mapping", "broken", "has no IQ")),
        ("locks", page(json!([])), ("mapping", "broken", "the site has no lock")),
        ("activated_iqs", page(json!([])), ("iq", "warning", "not activated here")),
        (
            "activated_iqs",
            with(activated_iqs(), "activated", json!(false)),
            ("iq", "warning", "not activated here"),
        ),
        ("sites", page(json!([])), ("salto.site", "broken", "NL6254340082")),
    ] {
        measured(&setup, Some((call, body.clone()))).await;
        let report = Report::of(&setup).await;
        report.assert_finding(check, level, text);
        let of_salto = ["salto.site", rights, "iq", "mapping"];
        let found: Vec<_> = report
            .findings()
            .iter()
            .filter(|it| of_salto.iter().any(|check| it["check"] == *check))
            .filter(|it| it["level"] != "ok")
            .collect();
        assert_eq!(found.len(), 1, "{call} {body}: {found:#?}");
    }
}
