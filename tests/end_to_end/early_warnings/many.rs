//! 10,000 bookings within the hour, fifty of them at risk for ten reasons, while the worker that checks is killed.

use super::bookings::answer;
use super::fixture::{AT_RISK, booking, reasons, start_with, wait_for_risk};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::Fixture;
use end_to_end::inbound::{INTEGRATION, open_request};
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

const BOOKINGS: usize = 10_000;
/// Bookings at risk for each reason.
const EACH: usize = 5;
/// The time between two checks, in milliseconds: much longer than a check takes.
const INTERVAL: &str = "2000";
/// The CPU time that a check may cost.
const CPU: Duration = Duration::from_secs(1);

/// The objects that have a problem, each with its reason. The IQ of an object has its number.
const BEHIND_IQS: [(&str, &str); 7] = [
    ("not-activated", "iq_not_activated"),
    ("restored", "iq_reactivation_required"),
    ("iq-offline", "iq_offline"),
    ("blocked", "otp_blocked"),
    ("rejected", "otp_invalid"),
    ("lock-offline", "lock_offline"),
    ("private", "privacy_mode"),
];
const OTHERS: [(&str, &str); 2] =
    [("unmapped", "no_lock_mapped"), ("room-nowhere", "lock_not_found")];
/// The other integration, whose user is blocked.
const SECOND: &str = "second";

fn iq_of(number: usize) -> String {
    format!("1a1a1a1a-00aa-4000-8000-{number:012x}")
}

fn lock_of(number: usize) -> String {
    format!("10c00000-00aa-4000-8000-{number:012x}")
}

/// The built-in world with an IQ and a lock for each object of [`BEHIND_IQS`].
fn world() -> Value {
    let printed = Command::new(services::program("salto-simulator")).arg("--print-world").output();
    let printed = printed.expect("the simulator prints its world").stdout;
    let mut world: Value = serde_json::from_slice(&printed).expect("a world is JSON");
    let site = &mut world["sites"][0];
    for (number, (object, _)) in BEHIND_IQS.iter().enumerate() {
        let iq = json!({"id": iq_of(number), "customer_reference": object, "secret": format!("SecretOfIq{number:06}"), "pin": "1234"});
        let lock =
            json!({"id": lock_of(number), "customer_reference": object, "iq_id": iq_of(number)});
        site["iqs"].as_array_mut().expect("a list").push(iq);
        site["locks"].as_array_mut().expect("a list").push(lock);
    }
    world
}

async fn setup() -> Setup {
    let mut setup = Setup::with_salto(&world()).await;
    for (number, (object, _)) in BEHIND_IQS.iter().enumerate() {
        setup.settings.map(object, &lock_of(number));
    }
    setup.activate(IQ_GROUND_FLOOR).await;
    for number in 1..BEHIND_IQS.len() {
        setup.activate(&iq_of(number)).await;
    }
    let mut second = setup.settings.integrations()[0].clone();
    let table = second.as_table_mut().expect("an integration is a table");
    table.insert("id".into(), SECOND.into());
    table.insert("username".into(), "pod-member@acme.example".into());
    table.insert("password".into(), "demo-password-2".into());
    setup.settings.integrations().push(second);
    setup
}

/// Makes every problem but those that are there from the beginning.
async fn cause_problems(fixture: &Fixture) {
    let simulator = &fixture.setup.simulator;
    simulator.change_iq(&iq_of(2), json!({"online": false})).await;
    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(blocked).await;
    open(fixture, "blocked", 1).await;
    simulator.change_iq(&iq_of(4), json!({"secret": "RotatedByAnApp01"})).await;
    open(fixture, "rejected", 3).await;
    simulator.change_iq(&iq_of(1), json!({"restore_required": true})).await;
    let rooms = (1..12).map(|room| {
        let id = format!("10c00000-0000-4000-8000-{room:012x}");
        json!({"id": id, "online": true, "iq": {"id": IQ_GROUND_FLOOR}})
    });
    let others = (0..BEHIND_IQS.len()).map(|number| {
        let (object, _) = BEHIND_IQS[number];
        json!({
            "id": lock_of(number), "online": object != "lock-offline",
            "privacy_mode": object == "private", "iq": {"id": iq_of(number)},
        })
    });
    simulator.add_fault(answer("locks", &rooms.chain(others).collect())).await;
    let mut user = answer("me", &json!({"blocked": true}));
    user["username"] = "pod-member@acme.example".into();
    simulator.add_fault(user).await;
}

/// Requests a door of an object, so many times one after the other.
async fn open(fixture: &Fixture, object: &str, times: usize) {
    let mut status = booking(object);
    status["data"]["booking_id"] = format!("to-open-{object}").into();
    status["data"]["starts_at"] = end_to_end::inbound::time(-60).into();
    fixture.store_status(&status).await;
    for number in 0..times {
        let id = format!("{object}-{number}");
        let failed = fixture.answer_to(&open_request(&id, &format!("to-open-{object}"))).await;
        assert_eq!(failed.kind, "lock.open-failed.v1", "{failed:?}");
    }
}

fn status(integration: &str, object: &str, number: usize) -> Value {
    let mut status = booking(object);
    status["data"]["integration_id"] = integration.into();
    status["data"]["booking_id"] = format!("{object}-{number}").into();
    status["data"]["starts_at"] = end_to_end::inbound::time(1_800).into();
    status
}

/// All bookings with those at risk among them.
fn statuses() -> Vec<Value> {
    let at_risk = BEHIND_IQS.iter().chain(&OTHERS).map(|(object, _)| (INTEGRATION, *object));
    let at_risk: Vec<_> = at_risk.chain([(SECOND, "room-1")]).collect();
    let at_risk = at_risk.iter().flat_map(|(integration, object)| {
        (0..EACH).map(|number| status(integration, object, number))
    });
    let mut all: Vec<_> = at_risk.collect();
    let others = BOOKINGS - all.len();
    all.extend(
        (0..others)
            .map(|number| status(INTEGRATION, &format!("room-{}", number % 11 + 1), number + EACH)),
    );
    all
}

/// How often reasons were told, by booking.
fn told(fixture: &Fixture) -> BTreeMap<(String, String), Vec<Vec<String>>> {
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for event in fixture.outbound.events().iter().filter(|event| event.kind == AT_RISK) {
        let booking = (event.text("integration_id").to_owned(), event.subject.clone());
        told.entry(booking).or_default().push(reasons(&event.data));
    }
    told
}

async fn me_calls(fixture: &Fixture) -> u64 {
    fixture.setup.simulator.counters().await["calls"]["me"].as_u64().unwrap_or_default()
}

#[tokio::test]
async fn fifty_of_ten_thousand_bookings_are_told_once_each_for_a_second_of_cpu() {
    let setup = setup().await;
    let workers = vec![
        start_with(&setup, "first", INTERVAL).await,
        start_with(&setup, "second", INTERVAL).await,
    ];
    let fixture = Fixture::of(setup, workers).await;
    cause_problems(&fixture).await;
    // The lists that show the problems have been read.
    fixture.store_status(&status(INTEGRATION, "private", 0)).await;
    wait_for_risk(&fixture, "private-0", &["privacy_mode"]).await;
    let holder = usize::from(!fixture.workers[0].metrics().await.contains("bookings_at_risk{"));
    fixture.workers[holder].kill_at("after-risk");
    let statuses = statuses();
    join_all(statuses.chunks(BOOKINGS / 8).map(async |part| {
        let bus = fixture.setup.vhost.bus().await;
        for status in part {
            bus.booking(status).await;
        }
    }))
    .await;
    fixture.workers[holder].ended(SOON).await;
    let other = &fixture.workers[1 - holder];
    until_true("fifty bookings to be told", SOON * 6, || async {
        told(&fixture).len() >= 10 * EACH
    })
    .await;
    until_true("all bookings to be stored", SOON * 6, || async {
        fixture.bus.waiting("postern.booking-status").await == Some(0)
    })
    .await;
    // The lists of both integrations are read once in five intervals, with four checks or more between.
    let (calls, before) = (me_calls(&fixture).await, other.usage().cpu);
    until_true("eight checks", SOON * 6, || async { me_calls(&fixture).await >= calls + 4 }).await;
    let per_check = (other.usage().cpu - before) / 8;
    eprintln!("CPU of the worker per check of {BOOKINGS} bookings: {per_check:?}");
    assert!(per_check <= CPU, "{per_check:?}");

    fixture.outbound.catch_up().await;
    let told = told(&fixture);
    assert_eq!(told.len(), 10 * EACH, "{told:?}");
    for (object, reason) in BEHIND_IQS.iter().chain(&OTHERS) {
        for number in 0..EACH {
            let booking = (INTEGRATION.to_owned(), format!("{object}-{number}"));
            assert_eq!(told[&booking], [[*reason]], "{booking:?}");
        }
    }
    for number in 0..EACH {
        let booking = (SECOND.to_owned(), format!("room-1-{number}"));
        assert_eq!(told[&booking], [["user_blocked"]], "{booking:?}");
    }
}
