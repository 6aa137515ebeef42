//! A waiting request needs no permit: it is parked, and other requests overtake it.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};

/// More than the number of permits.
const WAITING: usize = 20;

fn requests(booking: &str, count: usize) -> Vec<Value> {
    (0..count).map(|number| open_request(&format!("waits-{number}"), booking)).collect()
}

/// Requests a door without a fault, and expects it to open while all other requests still wait.
async fn assert_overtakes(fixture: &Fixture, booking: &str) {
    assert_eq!(fixture.open("goes-past", booking).await.kind, "lock.opened.v1");
    assert_eq!(fixture.outbound.ended_so_far(), 1, "the others still wait");
}

#[tokio::test]
async fn requests_for_unknown_bookings_do_not_delay_other_requests() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 2);
    setup.settings.set("opening.booking_wait", "55s");
    let fixture = Fixture::new(setup, 1).await;
    fixture.bus.open_requests(&requests("B-2", WAITING)).await;
    assert_overtakes(&fixture, BOOKING).await;

    fixture.store_status(&booking_status("B-2", "paid")).await;
    fixture.outbound.ended(1 + WAITING, SOON * 2).await;
    assert_eq!(fixture.setup.simulator.opening_count().await, 1 + WAITING as u64);
}

#[tokio::test]
async fn a_pause_of_one_integration_does_not_delay_another_one() {
    let mut setup = two_integrations(1).await;
    setup.settings.set("broker.prefetch", 2);
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_status(&of_other(booking_status("B-2", "paid"))).await;
    let simulator = &fixture.setup.simulator;
    let fault = json!({
        "kind": "rate_limit", "retry_after": 10, "call": "open", "lock": OTHER_LOCK, "times": 1,
    });
    simulator.add_fault(fault).await;
    let requests: Vec<_> = requests("B-2", WAITING).into_iter().map(of_other).collect();
    fixture.bus.open_request(&requests[0]).await;
    simulator.wait_for_commands(1, SOON).await;
    fixture.bus.open_requests(&requests[1..]).await;
    assert_overtakes(&fixture, BOOKING).await;

    fixture.outbound.ended(1 + WAITING, SOON * 2).await;
    assert_eq!(simulator.opening_count().await, 1 + WAITING as u64, "after the pause");
}

/// Each IQ of the other integration hangs. Together they may have more commands in flight than there are places.
#[tokio::test]
async fn an_integration_whose_salto_is_slow_does_not_delay_another_one() {
    let mut setup = two_integrations(DOORS).await;
    setup.settings.set("broker.prefetch", 16);
    setup.settings.set("opening.command_timeout", "30s");
    let fixture = Fixture::new(setup, 1).await;
    let simulator = &fixture.setup.simulator;
    for number in 1..=DOORS {
        let mut status = of_other(booking_status(&door(number), "paid"));
        status["data"]["object_ids"] = json!([door(number)]);
        fixture.store_status(&status).await;
        let hang = json!({"kind": "no_answer", "call": "open", "iq": other_iq(number)});
        simulator.add_fault(hang).await;
    }
    let request = |number: usize| {
        let door = door(1 + u8::try_from(number % usize::from(DOORS)).expect("it is small"));
        of_other(open_request(&format!("waits-{number}"), &door))
    };
    let requests: Vec<_> = (0..SLOW_REQUESTS).map(request).collect();
    fixture.bus.open_requests(&requests).await;
    // One command at a time is in flight to each door.
    simulator.wait_for_commands(u64::from(DOORS), SOON).await;
    assert_overtakes(&fixture, BOOKING).await;
    let parked =
        fixture.workers[0].metric(r#"postern_requests_parked_total{reason="place"}"#).await;
    assert!(parked > Some(0.0), "{parked:?}");

    simulator.clear_faults().await;
    fixture.outbound.ended(1 + SLOW_REQUESTS, SOON * 6).await;
}

#[tokio::test]
async fn an_iq_whose_commands_hang_does_not_delay_other_doors() {
    let mut setup = Setup::new().await;
    // The integration may have two thirds: twice the number of commands that one IQ may have at a time.
    setup.settings.set("broker.prefetch", 12);
    setup.settings.set("opening.command_timeout", "8s");
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    let hang = json!({"kind": "no_answer", "call": "open", "iq": IQ_GROUND_FLOOR});
    fixture.setup.simulator.add_fault(hang).await;
    let rooms = [BOOKING, "room-1", "room-2", "room-3"];
    for room in &rooms[1..] {
        fixture.store_booking(room).await;
    }
    let waiting: Vec<_> = (0..30)
        .map(|number| open_request(&format!("waits-{number}"), rooms[number % rooms.len()]))
        .collect();
    fixture.bus.open_requests(&waiting).await;
    fixture.setup.simulator.wait_for_commands(4, SOON).await;
    assert_overtakes(&fixture, "room-13").await;

    fixture.setup.simulator.clear_faults().await;
    fixture.outbound.ended(31, SOON * 3).await;
    let terminals = fixture.outbound.terminals();
    let opened = terminals.values().filter(|events| events[0].kind == "lock.opened.v1");
    // The outcome of the commands without an answer is unknown.
    assert!(opened.count() >= 31 - 8, "{terminals:?}");
}

const OTHER: &str = "other";
const OTHER_LOCK: &str = "3c1c0000-0000-4000-8000-000000000001";
/// The IQs of the other integration, each with one door.
const DOORS: u8 = 6;
const SLOW_REQUESTS: usize = 240;

fn of_other(mut event: Value) -> Value {
    event["data"]["integration_id"] = OTHER.into();
    event
}

/// The object of the other integration behind this IQ.
fn door(number: u8) -> String {
    format!("door-{number}")
}

fn other_iq(number: u8) -> String {
    format!("2c1c0000-0000-4000-8000-{number:012x}")
}

fn other_lock(number: u8) -> String {
    format!("3c1c0000-0000-4000-8000-{number:012x}")
}

/// Two customers of Salto, each with an account, a site and an integration; the first with one IQ and a lock, the
/// other with this many.
async fn two_integrations(doors: u8) -> Setup {
    let site = |number: u8, site_uid: &str, doors: &[(String, String)]| {
        let iq = |(iq, _): &(String, String)| json!({"id": iq, "customer_reference": iq, "secret": "TwoTenantsApart1", "pin": "0470"});
        let lock = |(iq, lock): &(String, String)| json!({"id": lock, "customer_reference": lock, "iq_id": iq});
        json!({
            "id": format!("1c1c0000-0000-4000-8000-00000000000{number}"), "site_uid": site_uid,
            "customer_reference": site_uid,
            "iqs": doors.iter().map(iq).collect::<Vec<_>>(),
            "locks": doors.iter().map(lock).collect::<Vec<_>>(),
        })
    };
    let first = [(IQ_GROUND_FLOOR.to_owned(), ROOM_12.to_owned())];
    let others: Vec<_> = (1..=doors).map(|it| (other_iq(it), other_lock(it))).collect();
    let (acme, other) = ("system-user@acme.example", "system-user@other.example");
    let account = |name: &str, site: &Value| json!({"username": name, "password": "demo-password", "sites": [site["id"]]});
    let sites = [site(1, "NL6254340082", &first), site(2, "NL0000000002", &others)];
    let mut setup = Setup::with_salto(&json!({
        "clients": [{"id": "postern-demo", "secret": "demo-client-secret"}],
        "accounts": [account(acme, &sites[0]), account(other, &sites[1])],
        "sites": sites,
    }))
    .await;
    let mut integration = setup.settings.integrations()[0].clone();
    let table = integration.as_table_mut().expect("an integration is a table");
    table.insert("id".to_owned(), OTHER.into());
    table.insert("site_uid".to_owned(), "NL0000000002".into());
    table.insert("username".to_owned(), other.into());
    let locks = table["locks"].as_table_mut().expect("a table");
    locks.insert("room-12".to_owned(), OTHER_LOCK.into());
    for number in 1..=doors {
        locks.insert(door(number), other_lock(number).into());
    }
    setup.settings.integrations().push(integration);

    let (config, pin) = (setup.write_settings("activate"), setup.directory().join("pin"));
    std::fs::write(&pin, "0470").expect("the PIN is written");
    setup.activate_with(&config, INTEGRATION, IQ_GROUND_FLOOR, &pin).await;
    for number in 1..=doors {
        setup.activate_with(&config, OTHER, &other_iq(number), &pin).await;
    }
    setup
}
