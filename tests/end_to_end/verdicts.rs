//! Every status and fault of the simulator, on every kind of call that a request depends on: what the worker makes of
//! each. One table, each row a request of its own, all at the same time.
//!
//! | | |
//! | --- | --- |
//! | [`row`] | what a row says |
//! | [`open_command`] | answers to the command, with and without `Retry-After`, or none |
//! | [`real_verdicts`] | what Salto says without a fault |
//! | [`token_call`], [`lists`], [`entry_log`] | the calls around it |
//! | [`stage`] | a site, an account, an IQ, an integration and an environment for each row, so that no row's pause, block or breaker is another's |
//! | [`judge`] | what a row came to, and what is wrong with it |

mod entry_log;
mod judge;
mod lists;
mod open_command;
mod real_verdicts;
mod row;
mod stage;
mod token_call;

use self::judge::{Found, judge};
use self::row::Row;
use self::stage::{Stage, salto, seat};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::simulator::OpenCommand;
use end_to_end::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn whatever_comes_of_a_command_ends_as_the_table_says() {
    let rows = [
        open_command::statuses(),
        open_command::bodies(),
        open_command::retry_after(),
        open_command::wire(),
        real_verdicts::rows(),
        entry_log::rows(),
    ];
    walk(&rows.concat(), 12).await;
}

#[tokio::test]
async fn whatever_comes_of_the_calls_before_a_command_ends_as_the_table_says() {
    // More than a hundred token requests at once take a debug build some seconds.
    walk(&[token_call::rows(), lists::rows()].concat(), 15).await;
}

/// `life`: from a request to its expiry, in seconds.
async fn walk(rows: &[Row], life: i64) {
    let (stages, doors) = seat(rows);

    let mut world = World::of_salto(&salto(&stages)).await;
    world.settings.set("broker.prefetch", 2000);
    world.settings.set("opening.command_timeout", "3s");
    world.settings.set("opening.resend_window", "8s");
    stage::activate(&mut world, &stages).await;
    stage::configure(&mut world, &stages.iter().collect::<Vec<_>>());

    for (row, door) in rows.iter().zip(&doors).filter(|(row, _)| row.cold) {
        door.prepare(&world.simulator, &stages, row).await;
    }
    let worker = world.worker("worker").start().await;
    let bus = world.vhost.bus().await;
    let outbox = bus.listen().await;
    for stage in &stages {
        let members = json!({"object_ids": stage.objects()});
        bus.booking(&of(stage, booking_status("B-1", "paid"), &members)).await;
    }
    worker.settles("booking-status", stages.len() as u64, SOON * 2).await;
    let warm: Vec<_> = stages.iter().filter(|stage| !stage.cold).collect();
    let ask = |stage: &Stage, id: &str, object: &str, expires_at: &str| {
        let members = json!({"object_id": object, "expires_at": expires_at});
        of(stage, open_request(id, "B-1"), &members)
    };
    let warm_up: Vec<_> = warm
        .iter()
        .map(|stage| ask(stage, &format!("warm-up of {}", stage.name()), "spare", &time(50)))
        .collect();
    bus.open_requests(&warm_up).await;
    outbox.ended(warm.len(), SOON * 2).await;
    assert_eq!(world.simulator.opened().await, warm.len() as u64, "all is well without faults");

    for (row, door) in rows.iter().zip(&doors).filter(|(row, _)| !row.cold) {
        door.prepare(&world.simulator, &stages, row).await;
    }
    let expires_at = time(life);
    let requests: Vec<_> = doors
        .iter()
        .map(|door| ask(&stages[door.stage], &door.object, &door.object, &expires_at))
        .collect();
    bus.open_requests(&requests).await;
    outbox.ended(warm.len() + rows.len(), SOON * 2).await;
    outbox.catch_up().await;

    let openings = world.simulator.openings().await;
    let mut commands = world.simulator.commands().await;
    // A delayed one is recorded late.
    commands.sort_by_key(|command| command.received_at);
    let wrong: Vec<_> = rows
        .iter()
        .zip(&doors)
        .filter_map(|(row, door)| {
            let at_the_door = |it: &&OpenCommand| it.lock_id.as_deref() == Some(&*door.lock);
            let found = Found {
                terminal: outbox.only_terminal(&door.object),
                commands: commands.iter().filter(at_the_door).collect(),
                openings: openings.iter().filter(|it| it.lock_id == door.lock).count(),
            };
            judge(row, door, &found)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// The event as one of that stage's integration, with some members of its data set.
fn of(stage: &Stage, mut event: Value, members: &Value) -> Value {
    event["data"]["integration_id"] = stage.name().into();
    for (name, value) in members.as_object().expect("members are an object") {
        event["data"][name] = value.clone();
    }
    event
}
