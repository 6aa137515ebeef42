//! What changes while a step before a command takes long counts for the command: it rests on state that was read at
//! most 300 ms before (docs/contract.md, invariant 2).

use chrono::{TimeDelta, Utc};
use end_to_end::broker::{Event, Vhost};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::redis;
use end_to_end::resp_proxy::{RespProxy, SCRIPTS};
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use end_to_end::tcp_proxy::TcpProxy;
use nix::sys::signal::Signal;
use serde_json::json;
use std::time::Duration;

/// A worker that reaches Salto's API through a proxy. It has opened a door, so that only the connection is missing for
/// the next command.
struct SlowConnection {
    fixture: Fixture,
    proxy: TcpProxy,
}

impl SlowConnection {
    async fn new() -> Self {
        Self::over(Setup::new().await).await
    }

    async fn over(mut setup: Setup) -> Self {
        let proxy = TcpProxy::before(setup.simulator.url());
        let environment = setup.settings.environments()["simulator"].as_table_mut();
        environment.expect("it is a table").insert("api_url".into(), proxy.url().into());
        let fixture = Fixture::new(setup, 1).await;
        assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
        Self { fixture, proxy }
    }

    /// Requests the door, and returns when the worker connects to Salto for the command. Its SYN is lost.
    async fn request(&mut self) {
        self.proxy.hold().await;
        self.fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
        self.proxy.connecting().await;
    }

    /// Lets the connection be established, and waits for the answer.
    async fn answer(&mut self) -> Event {
        self.proxy.pass();
        self.fixture.outbound.terminal("R-1", SOON * 2).await
    }

    /// The number of commands after the first one.
    async fn commands(&self) -> usize {
        self.fixture.setup.simulator.commands().await.len() - 1
    }

    async fn redis(&self, command: &mut deadpool_redis::redis::Cmd) {
        let mut connection = redis::connect(self.fixture.setup.redis_url()).await;
        command.query_async::<()>(&mut connection).await.expect("it is written");
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}:{INTEGRATION}", self.fixture.setup.key_prefix())
    }
}

fn rejected(answer: &Event) -> (&str, &str, u64) {
    let attempts = answer.data["attempts"].as_u64().expect("a number");
    (&answer.kind, answer.text("reason"), attempts)
}

#[tokio::test]
async fn a_booking_cancelled_while_the_command_connects_opens_no_door() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    slow.fixture.store_status(&booking_status(BOOKING, "cancelled")).await;
    let answer = slow.answer().await;
    assert_eq!(rejected(&answer), ("lock.open-rejected.v1", "status_not_allowed", 0));
    assert_eq!(slow.commands().await, 0);
}

#[tokio::test]
async fn a_command_that_connects_slowly_opens_the_door_once_where_nothing_changed() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let answer = slow.answer().await;
    assert_eq!((&*answer.kind, &answer.data["attempts"]), ("lock.opened.v1", &json!(1)));
    assert_eq!(slow.commands().await, 1);
}

#[tokio::test]
async fn an_integration_switched_off_while_the_command_connects_opens_no_door() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let Fixture { setup, workers, .. } = &mut slow.fixture;
    setup.settings.set_integration("active", false);
    setup.write_settings("worker-1");
    workers[0].signal(Signal::SIGHUP);
    workers[0].wait_for_log("configuration reloaded", SOON).await;
    let answer = slow.answer().await;
    assert_eq!(rejected(&answer), ("lock.open-rejected.v1", "integration_inactive", 0));
    assert_eq!(slow.commands().await, 0);
}

#[tokio::test]
async fn a_pause_that_begins_while_the_command_connects_applies_to_it() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let pause = Duration::from_secs(4);
    let mut set = deadpool_redis::redis::cmd("SET");
    set.arg(slow.key("pause")).arg("1").arg("PX").arg(4_000);
    slow.redis(&mut set).await;
    let ends = Utc::now() + TimeDelta::from_std(pause).expect("it is short");
    let answer = slow.answer().await;
    assert_eq!((&*answer.kind, &answer.data["attempts"]), ("lock.opened.v1", &json!(1)));
    let commands = slow.fixture.setup.simulator.commands().await;
    assert_eq!(commands.len(), 2);
    // Redis began the pause a moment before this test measured it.
    let received = commands[1].received_at + TimeDelta::milliseconds(500);
    assert!(received >= ends, "{received} is before {ends}");
}

#[tokio::test]
async fn a_block_of_the_iq_while_the_command_connects_applies_to_it() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let until = (Utc::now() + TimeDelta::minutes(20)).timestamp_millis();
    let mut set = deadpool_redis::redis::cmd("HSET");
    set.arg(slow.key("guard")).arg(IQ_GROUND_FLOOR).arg(format!("3 {until}"));
    slow.redis(&mut set).await;
    let answer = slow.answer().await;
    assert_eq!(rejected(&answer), ("lock.open-failed.v1", "otp_blocked", 0));
    assert_eq!(slow.commands().await, 0);
}

#[tokio::test]
async fn an_activation_removed_while_the_command_connects_signs_no_command() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let mut delete = deadpool_redis::redis::cmd("HDEL");
    delete.arg(slow.key("activations")).arg(IQ_GROUND_FLOOR);
    slow.redis(&mut delete).await;
    let answer = slow.answer().await;
    assert_eq!(rejected(&answer), ("lock.open-failed.v1", "iq_not_activated", 0));
    assert_eq!(slow.commands().await, 0);
}

#[tokio::test]
async fn a_claim_lost_while_the_command_connects_sends_no_command() {
    let mut slow = SlowConnection::new().await;
    slow.request().await;
    let mut take = deadpool_redis::redis::cmd("EVAL");
    let until = (Utc::now() + TimeDelta::seconds(20)).timestamp_millis();
    take.arg(
        "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. 'request:*')) do \
           if redis.call('HEXISTS', key, 'terminal') == 0 then \
             redis.call('HSET', key, 'owner', 'another', 'until', ARGV[2]) \
           end \
         end",
    );
    take.arg(0).arg(slow.fixture.setup.key_prefix()).arg(until);
    slow.redis(&mut take).await;
    slow.proxy.pass();
    slow.fixture.workers[0].wait_for_log("another owner acts on the request", SOON).await;
    assert_eq!(slow.commands().await, 0);
}

#[tokio::test]
async fn a_command_is_not_sent_while_its_state_cannot_be_read_again() {
    let proxy = RespProxy::before(&services::redis_url()).await;
    let setup = Setup::over(Vhost::new().await, proxy.url().to_owned()).await;
    setup.activate(IQ_GROUND_FLOOR).await;
    setup.activate(IQ_FIRST_FLOOR).await;
    let mut slow = SlowConnection::over(setup).await;
    slow.request().await;
    proxy.refuse(SCRIPTS, "READONLY You can't write against a read only replica.");
    slow.proxy.pass();
    slow.fixture.workers[0].wait_for_log("command withdrawn", SOON).await;
    assert_eq!(slow.commands().await, 0);
    proxy.pass();
    let opened = slow.fixture.outbound.terminal("R-1", SOON * 2).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)));
    assert_eq!(slow.commands().await, 1);
}

#[tokio::test]
async fn a_booking_cancelled_while_the_log_is_asked_gets_no_second_command() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("ask_entries", true);
    setup.settings.set("opening.resend_window", "20s");
    let fixture = Fixture::new(setup, 1).await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "reset", "call": "open", "times": 1})).await;
    // The log is asked for a second at most.
    simulator.add_fault(json!({"kind": "no_answer", "call": "entries"})).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    until_true("the log to be asked", SOON, || async {
        simulator.counters().await["calls"]["entries"].as_u64() >= Some(1)
    })
    .await;
    fixture.store_status(&booking_status(BOOKING, "cancelled")).await;
    let answer = fixture.outbound.terminal("R-1", SOON * 2).await;
    assert_eq!(rejected(&answer), ("lock.open-failed.v1", "outcome_unknown", 1));
    assert_eq!(simulator.commands().await.len(), 1);
}
