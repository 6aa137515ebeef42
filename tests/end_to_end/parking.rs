//! Waiting holds no place: whoever must wait is parked, and the others go past.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use end_to_end::world::World;
use serde_json::{Value, json};

/// More than have a place.
const WAITING: usize = 20;

fn requests(booking: &str, count: usize) -> Vec<Value> {
    (0..count).map(|number| open_request(&format!("waits-{number}"), booking)).collect()
}

/// Asks for a door that nothing is wrong with, and expects it to open while all others still wait.
async fn goes_past(scene: &Scene, booking: &str) {
    assert_eq!(scene.open("goes-past", booking).await.kind, "lock.opened.v1");
    assert_eq!(scene.outbox.ended_so_far(), 1, "the others still wait");
}

#[tokio::test]
async fn requests_for_unknown_bookings_do_not_keep_a_known_guest_waiting() {
    let mut world = World::new().await;
    world.settings.set("broker.prefetch", 2);
    world.settings.set("opening.booking_wait", "55s");
    let scene = Scene::new(world, 1).await;
    scene.bus.open_requests(&requests("B-2", WAITING)).await;
    goes_past(&scene, BOOKING).await;

    scene.know(&booking_status("B-2", "paid")).await;
    scene.outbox.ended(1 + WAITING, SOON * 2).await;
    assert_eq!(scene.world.simulator.opened().await, 1 + WAITING as u64);
}

#[tokio::test]
async fn a_pause_of_one_integration_does_not_keep_another_one_s_guests_waiting() {
    let world = two_integrations().await;
    let scene = Scene::new(world, 1).await;
    let of_other = |mut event: Value| {
        event["data"]["integration_id"] = OTHER.into();
        event
    };
    scene.know(&of_other(booking_status("B-2", "paid"))).await;
    let simulator = &scene.world.simulator;
    let fault = json!({
        "kind": "rate_limit", "retry_after": 10, "call": "open", "lock": OTHER_LOCK, "times": 1,
    });
    simulator.fault(fault).await;
    let requests: Vec<_> = requests("B-2", WAITING).into_iter().map(of_other).collect();
    scene.bus.open_request(&requests[0]).await;
    simulator.commanded_times(1, SOON).await;
    scene.bus.open_requests(&requests[1..]).await;
    goes_past(&scene, BOOKING).await;

    scene.outbox.ended(1 + WAITING, SOON * 2).await;
    assert_eq!(simulator.opened().await, 1 + WAITING as u64, "after the pause");
}

#[tokio::test]
async fn an_iq_whose_commands_hang_does_not_keep_guests_at_other_doors_waiting() {
    let mut world = World::new().await;
    // Twice what may be on its way to one IQ.
    world.settings.set("broker.prefetch", 8);
    world.settings.set("opening.command_timeout", "8s");
    let scene = Scene::new(world, 1).await;
    scene.book("room-13").await;
    let hang = json!({"kind": "no_answer", "call": "open", "iq": IQ_GROUND_FLOOR});
    scene.world.simulator.fault(hang).await;
    scene.bus.open_requests(&requests(BOOKING, 30)).await;
    scene.world.simulator.commanded_times(4, SOON).await;
    goes_past(&scene, "room-13").await;

    scene.world.simulator.no_faults().await;
    scene.outbox.ended(31, SOON * 3).await;
    let terminals = scene.outbox.terminals();
    let opened = terminals.values().filter(|events| events[0].kind == "lock.opened.v1");
    // Nobody knows what became of the commands that hung.
    assert!(opened.count() >= 31 - 8, "{terminals:?}");
}

const OTHER: &str = "other";
const OTHER_IQ: &str = "2c1c0000-0000-4000-8000-000000000002";
const OTHER_LOCK: &str = "3c1c0000-0000-4000-8000-000000000002";

/// Two customers of Salto's, each with an account, a site, an IQ, a lock and an integration. Two messages at a time.
async fn two_integrations() -> World {
    let site = |number: u8, site_uid: &str, iq: &str, lock: &str| {
        json!({
            "id": format!("1c1c0000-0000-4000-8000-00000000000{number}"), "site_uid": site_uid,
            "customer_reference": site_uid,
            "iqs": [{"id": iq, "customer_reference": "iq", "secret": "TwoTenantsApart1", "pin": "0470"}],
            "locks": [{"id": lock, "customer_reference": "door", "iq_id": iq}],
        })
    };
    let (acme, other) = ("system-user@acme.example", "system-user@other.example");
    let account = |name: &str| json!({"username": name, "password": "demo-password"});
    let mut world = World::of_salto(&json!({
        "clients": [{"id": "postern-demo", "secret": "demo-client-secret"}],
        "accounts": [account(acme), account(other)],
        "sites": [
            site(1, "NL6254340082", IQ_GROUND_FLOOR, ROOM_12),
            site(2, "NL0000000002", OTHER_IQ, OTHER_LOCK),
        ],
    }))
    .await;
    let mut integration = world.settings.integrations()[0].clone();
    let table = integration.as_table_mut().expect("an integration is a table");
    table.insert("id".to_owned(), OTHER.into());
    table.insert("site_uid".to_owned(), "NL0000000002".into());
    table.insert("username".to_owned(), other.into());
    table["locks"].as_table_mut().expect("a table").insert("room-12".to_owned(), OTHER_LOCK.into());
    world.settings.integrations().push(integration);
    world.settings.set("broker.prefetch", 2);

    let (config, pin) = (world.write_settings("activate"), world.directory().join("pin"));
    std::fs::write(&pin, "0470").expect("the PIN is written");
    world.activate_with(&config, (INTEGRATION, IQ_GROUND_FLOOR), &pin).await;
    world.activate_with(&config, (OTHER, OTHER_IQ), &pin).await;
    world
}
