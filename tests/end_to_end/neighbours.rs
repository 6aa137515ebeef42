//! One thing at Salto that is sick, alone: the doors of another integration of the same environment open as before.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use reqwest::Method;
use serde_json::{Value, json};

/// The integration whose calls fail; it has an account of its own at the same site.
const SICK: &str = "sick";
const ACCOUNT: &str = "pod-member@acme.example";
const PASSWORD: &str = "demo-password-2";
const PIN: &str = "3141";
/// Both are behind the IQ on the ground floor, like the neighbour's door.
const ROOMS: [&str; 2] = ["room-1", "room-2"];
const LOCK_OF_ROOM_1: &str = "10c00000-0000-4000-8000-000000000001";

async fn fixture() -> Fixture {
    let mut setup = Setup::new().await;
    // Each user has a secret and a PIN of its own.
    let key = json!({"username": ACCOUNT, "secret": "SecretOfThePod02", "pin": PIN});
    setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"other_keys": [key]})).await;
    let roles = json!({"roles": ["site_admin"]});
    setup.simulator.control(Method::PATCH, &format!("accounts/{ACCOUNT}"), Some(roles)).await;
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.request_ttl", "40s");
    let mut sick = setup.settings.integrations()[0].clone();
    let table = sick.as_table_mut().expect("an integration is a table");
    for (key, value) in [("id", SICK), ("username", ACCOUNT), ("password", PASSWORD)] {
        table.insert(key.to_owned(), value.into());
    }
    setup.settings.integrations().push(sick);
    let pin = setup.directory().join("pin");
    std::fs::write(&pin, PIN).expect("the PIN is written");
    let config = setup.write_settings("activate-sick");
    setup.activate_with(&config, SICK, IQ_GROUND_FLOOR, &pin).await;
    let fixture = Fixture::new(setup, 1).await;
    for room in ROOMS {
        let mut status = booking_status(room, "paid");
        status["data"]["integration_id"] = SICK.into();
        status["data"]["object_ids"] = json!([room]);
        fixture.store_status(&status).await;
    }
    fixture
}

fn sick_request(id: &str, room: &str) -> Value {
    let mut request = open_request(id, room);
    request["data"]["integration_id"] = SICK.into();
    request
}

/// With the fault, until a breaker has opened, the neighbour's door opens ten times, each time at the first attempt.
/// Without the fault, the sick requests open theirs.
async fn neighbour_opens_beside(fixture: &Fixture, fault: Value) {
    assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(fault).await;
    let number = |n: usize| (format!("sick-{n}"), ROOMS[n % ROOMS.len()]);
    let requests = (0..6).map(number).map(|(id, room)| sick_request(&id, room));
    fixture.bus.open_requests(&requests.collect::<Vec<_>>()).await;
    let worker = &fixture.workers[0];
    worker.wait_for_log("circuit breaker opened", SOON * 2).await;
    for n in 0..10 {
        let opened = fixture.open(&format!("well-{n}"), BOOKING).await;
        assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)), "{n}");
    }
    let log = worker.log();
    let stopped: Vec<&str> =
        log.lines().filter(|it| it.contains("attempt failed") && it.contains("well-")).collect();
    assert!(stopped.is_empty(), "{stopped:?}");
    simulator.clear_faults().await;
    for n in 0..6 {
        let ended = fixture.outbound.terminal(&format!("sick-{n}"), SOON * 3).await;
        assert!(
            ended.kind == "lock.opened.v1" || ended.text("reason") == "outcome_unknown",
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn a_sick_lock_stops_no_neighbour() {
    let fixture = fixture().await;
    let fault = json!({"kind": "status", "status": 503, "call": "open", "lock": LOCK_OF_ROOM_1});
    neighbour_opens_beside(&fixture, fault).await;
}

#[tokio::test]
async fn a_sick_iq_stops_no_neighbour() {
    let fixture = fixture().await;
    let fault = json!({"kind": "no_answer", "call": "open", "username": ACCOUNT});
    neighbour_opens_beside(&fixture, fault).await;
}

#[tokio::test]
async fn a_sick_account_stops_no_neighbour() {
    let fixture = fixture().await;
    let whose = json!({"username": ACCOUNT});
    fixture.setup.simulator.control(Method::POST, "tokens/revoke", Some(whose)).await;
    let fault = json!({"kind": "status", "status": 500, "call": "token", "username": ACCOUNT});
    neighbour_opens_beside(&fixture, fault).await;
}

#[tokio::test]
async fn a_sick_identity_host_stops_no_neighbour_that_has_a_token() {
    let fixture = fixture().await;
    let whose = json!({"username": ACCOUNT});
    fixture.setup.simulator.control(Method::POST, "tokens/revoke", Some(whose)).await;
    let fault = json!({"kind": "status", "status": 503, "call": "identity"});
    neighbour_opens_beside(&fixture, fault).await;
}

#[tokio::test]
async fn a_sick_host_is_asked_again_until_it_works_for_all() {
    let fixture = fixture().await;
    let fault = json!({"kind": "status", "status": 503, "call": "open"});
    fixture.setup.simulator.add_fault(fault).await;
    let mut requests: Vec<_> =
        (0..4).map(|n| open_request(&format!("well-{n}"), BOOKING)).collect();
    requests.extend((0..4).map(|n| sick_request(&format!("sick-{n}"), ROOMS[n % ROOMS.len()])));
    fixture.bus.open_requests(&requests).await;
    let open = r#"postern_salto_breaker_open{environment="simulator",host="api"} 1"#;
    until_true("the breaker of the host to open", SOON * 2, || async {
        fixture.workers[0].metrics().await.lines().any(|line| line == open)
    })
    .await;
    fixture.setup.simulator.clear_faults().await;
    fixture.outbound.ended(8, SOON * 3).await;
    for (request, events) in fixture.outbound.terminals() {
        assert_eq!(events[0].kind, "lock.opened.v1", "{request}: {events:?}");
    }
}
