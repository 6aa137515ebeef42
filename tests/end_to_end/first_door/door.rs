//! Doors that do not open although everything is set up: the output of `tail`, and of `explain` afterwards.

use super::fixture::OperatorFixture;
use end_to_end::deadline::SOON;
use end_to_end::processes::Process;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use serde_json::json;

/// An operator with a running worker and a running `tail`.
struct WorkerFixture {
    operator: OperatorFixture,
    _worker: Process,
    tail: Process,
}

impl WorkerFixture {
    async fn new() -> Self {
        Self::of(OperatorFixture::with_password().await).await
    }

    /// Activates the IQ and starts worker and `tail`.
    async fn of(mut operator: OperatorFixture) -> Self {
        operator.append_to_config(&format!("[integrations.locks]\n\"room-12\" = \"{ROOM_12}\""));
        let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
        operator
            .run_with_mailed_pin(&activate, IQ_GROUND_FLOOR)
            .await
            .assert_done("IQ is activated");
        Self::with(operator).await
    }

    async fn with(operator: OperatorFixture) -> Self {
        let worker = operator.start_worker().await;
        let tail = operator.start_in_background("tail", "tail");
        tail.wait_for_log("listening", SOON).await;
        Self { operator, _worker: worker, tail }
    }

    async fn publish_booking(&self, booking: &str, status: &str, object: &str, window: Window) {
        let line = format!(
            "publish booking-status --integration acme-utrecht --booking {booking} --status {status} --object {object} \
             --starts-at {} --ends-at {}",
            window.starts, window.ends
        );
        assert_eq!(self.operator.run(&line).await.status, Some(0));
    }

    /// Publishes a request; `tail` shows this answer, and the output of `explain` begins with it.
    async fn assert_answer(&self, booking: &str, request: &str, answer: &str) {
        let line = format!(
            "publish open-request --integration acme-utrecht --booking {booking} --id {request} --expires-at +3s"
        );
        assert_eq!(self.operator.run(&line).await.status, Some(0));
        self.tail.wait_for_log(&format!("acme-utrecht  {booking}  {answer}\n"), SOON).await;
        let explanation = self.operator.run(&format!("explain {request}")).await;
        let first = explanation.stdout.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!("acme-utrecht  {booking}  {answer}")), "{explanation:?}");
    }
}

const NOW: Window = Window { starts: "now", ends: "+2h" };

/// The start and end of a booking, as arguments of `publish booking-status`.
#[derive(Debug, Clone, Copy)]
struct Window {
    starts: &'static str,
    ends: &'static str,
}

#[tokio::test]
async fn the_rules_reject_the_request() {
    let fixture = WorkerFixture::new().await;
    fixture.publish_booking("B-1", "pending", "room-12", NOW).await;
    let answer = "rejected, status_not_allowed: the booking's status is not one that opens doors";
    fixture.assert_answer("B-1", "R-1", answer).await;
    fixture
        .operator
        .run("explain R-1")
        .await
        .assert_shows("no status opens doors status pending, allowed confirmed/paid/checked_in");
    fixture.publish_booking("B-2", "paid", "room-12", Window { starts: "-2h", ends: "-1h" }).await;
    fixture.assert_answer("B-2", "R-2", "rejected, too_late: the booking has ended").await;
    fixture.publish_booking("B-3", "paid", "sauna", NOW).await;
    let answer = "rejected, no_lock_mapped: the object has no lock in the mapping and there is no default lock";
    fixture.assert_answer("B-3", "R-3", answer).await;
    fixture
        .operator
        .run("doctor")
        .await
        .assert_shows("→ add the objects to [integrations.locks], or set default_lock");

    fixture.publish_booking("B-4", "paid", "room-12", Window { starts: "+2h", ends: "+3h" }).await;
    let line = "publish open-request --integration acme-utrecht --booking B-4 --id R-4";
    assert_eq!(fixture.operator.run(line).await.status, Some(0));
    fixture
        .tail
        .wait_for_log(
            "B-4  rejected, too_early: the booking's window has not begun, opens at ",
            SOON,
        )
        .await;
    assert_eq!(fixture.operator.setup.simulator.commands().await, []);
}

#[tokio::test]
async fn the_integration_is_inactive() {
    let mut operator = OperatorFixture::with_password().await;
    operator.append_to_config("active = false");
    operator
        .run("check-config")
        .await
        .assert_shows("acme-utrecht, switched off: site NL6254340082 (acceptance)");
    operator
        .run("doctor")
        .await
        .assert_shows("note integration acme-utrecht: switched off: it opens no door");
    let fixture = WorkerFixture::with(operator).await;
    fixture.publish_booking("B-1", "paid", "room-12", NOW).await;
    fixture
        .assert_answer(
            "B-1",
            "R-1",
            "rejected, integration_inactive: the integration is switched off",
        )
        .await;
}

#[tokio::test]
async fn salto_refuses_the_command() {
    let fixture = WorkerFixture::new().await;
    fixture.publish_booking("B-1", "paid", "room-12", NOW).await;
    let account = "accounts/system-user@acme.example";
    fixture.operator.change_at_salto(account, json!({"remote_access": false})).await;
    let answer = "failed, forbidden: Salto refuses this: the user lacks a right at the site, or is blocked (HTTP 403, code \
              2203) (an operator must act)";
    fixture.assert_answer("B-1", "R-1", answer).await;
    fixture.operator.change_at_salto(account, json!({"remote_access": true})).await;

    let iq = format!("iqs/{IQ_GROUND_FLOOR}");
    fixture.operator.change_at_salto(&iq, json!({"online": false})).await;
    let line =
        "publish open-request --integration acme-utrecht --booking B-1 --id R-2 --expires-at +2s";
    assert_eq!(fixture.operator.run(line).await.status, Some(0));
    let answer = "B-1  failed, iq_offline: the IQ is not online (HTTP 400, code 3102) (trying again may help) after ";
    fixture.tail.wait_for_log(answer, SOON).await;
    fixture
        .operator
        .run("mapping check")
        .await
        .assert_shows("check the power and network of the IQ");
    fixture.operator.change_at_salto(&iq, json!({"online": true})).await;
    fixture.assert_answer("B-1", "R-3", &format!("opened room-12 (lock {ROOM_12})")).await;
    assert_eq!(fixture.operator.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_door_opens_although_clocks_differ_by_ten_minutes() {
    let operator = OperatorFixture::with_password().await;
    let clock = Some(json!({"offset_seconds": 600}));
    operator.setup.simulator.control(reqwest::Method::PUT, "clock", clock).await;
    let fixture = WorkerFixture::of(operator).await;
    fixture.publish_booking("B-1", "paid", "room-12", NOW).await;
    fixture.assert_answer("B-1", "R-1", &format!("opened room-12 (lock {ROOM_12})")).await;
}

#[tokio::test]
async fn salto_has_asked_a_command_for_a_pause() {
    let fixture = WorkerFixture::new().await;
    fixture.publish_booking("B-1", "paid", "room-12", NOW).await;
    let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    fixture.operator.setup.simulator.add_fault(pause).await;
    assert_eq!(fixture.operator.run("mapping check").await.status, Some(1));
    let answer = "failed, rate_limited: Salto asked for a pause of this integration's calls (trying again may help)";
    fixture.assert_answer("B-1", "R-1", answer).await;
    assert_eq!(
        fixture.operator.setup.simulator.commands().await,
        [],
        "the worker respects the pause too"
    );
}

#[tokio::test]
async fn salto_asks_explain_for_a_pause() {
    let fixture = WorkerFixture::new().await;
    fixture.publish_booking("B-1", "paid", "room-12", NOW).await;
    fixture.assert_answer("B-1", "R-1", &format!("opened room-12 (lock {ROOM_12})")).await;
    let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": "iqs", "times": 1});
    fixture.operator.setup.simulator.add_fault(pause).await;
    fixture.operator.run("explain R-1").await.assert_shows(
        &format!(
            "door, now
        lock {ROOM_12}
        its IQ is not known: Salto asks for fewer calls (HTTP 429); no call is sent for … s; wait; if it happens often, let \
         fewer integrations share the account"
        ),
    );
    fixture
        .operator
        .run("explain R-1")
        .await
        .assert_shows("door, now\nSalto has asked for a pause of another … s");
}
