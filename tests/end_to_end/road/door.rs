//! All is set up, and the door stays shut: what `tail` tells as it happens, and `explain` afterwards.

use super::person::Person;
use end_to_end::deadline::SOON;
use end_to_end::processes::Process;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use serde_json::json;

/// A person whose worker runs, who looks on.
struct Desk {
    me: Person,
    _worker: Process,
    tail: Process,
}

impl Desk {
    async fn new() -> Self {
        Self::of(Person::with_a_password().await).await
    }

    /// Of somebody who has only begun.
    async fn of(mut me: Person) -> Self {
        me.adds(&format!("[integrations.locks]\n\"room-12\" = \"{ROOM_12}\""));
        let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
        me.types_and_enters_the_mailed_pin(&activate, IQ_GROUND_FLOOR)
            .await
            .done("IQ is activated");
        Self::with(me).await
    }

    async fn with(me: Person) -> Self {
        let worker = me.starts_a_worker().await;
        let tail = me.opens_a_window("tail", "tail");
        tail.says("listening", SOON).await;
        Self { me, _worker: worker, tail }
    }

    async fn books(&self, booking: &str, status: &str, object: &str, (starts, ends): (&str, &str)) {
        let line = format!(
            "publish booking-status --integration acme-utrecht --booking {booking} --status {status} --object {object} \
             --starts-at {starts} --ends-at {ends}"
        );
        assert_eq!(self.me.types(&line).await.status, Some(0));
    }

    /// Asks to open; what `tail` shows of the answer, and what `explain` begins with afterwards is the same.
    async fn asks(&self, booking: &str, request: &str, told: &str) {
        let line = format!(
            "publish open-request --integration acme-utrecht --booking {booking} --id {request} --expires-at +3s"
        );
        assert_eq!(self.me.types(&line).await.status, Some(0));
        self.tail.says(&format!("acme-utrecht  {booking}  {told}\n"), SOON).await;
        let account = self.me.types(&format!("explain {request}")).await;
        let first = account.out.lines().next().unwrap_or_default();
        assert!(first.ends_with(&format!("acme-utrecht  {booking}  {told}")), "{account:?}");
    }
}

const NOW: (&str, &str) = ("now", "+2h");

#[tokio::test]
async fn where_the_rules_say_no() {
    let desk = Desk::new().await;
    desk.books("B-1", "pending", "room-12", NOW).await;
    let no = "rejected, status_not_allowed: the booking's status is not one that opens doors";
    desk.asks("B-1", "R-1", no).await;
    desk.me
        .types("explain R-1")
        .await
        .shows("no status opens doors status pending, allowed confirmed/paid/checked_in");
    desk.books("B-2", "paid", "room-12", ("-2h", "-1h")).await;
    desk.asks("B-2", "R-2", "rejected, too_late: the booking has ended").await;
    desk.books("B-3", "paid", "sauna", NOW).await;
    let no = "rejected, no_lock_mapped: the object has no lock in the mapping and there is no default lock";
    desk.asks("B-3", "R-3", no).await;
    desk.me
        .types("doctor")
        .await
        .shows("→ add the objects to [integrations.locks], or set default_lock");

    desk.books("B-4", "paid", "room-12", ("+2h", "+3h")).await;
    let line = "publish open-request --integration acme-utrecht --booking B-4 --id R-4";
    assert_eq!(desk.me.types(line).await.status, Some(0));
    desk.tail
        .says("B-4  rejected, too_early: the booking's window has not begun, opens at ", SOON)
        .await;
    assert_eq!(desk.me.world.simulator.commands().await, []);
}

#[tokio::test]
async fn where_the_integration_is_switched_off() {
    let mut me = Person::with_a_password().await;
    me.adds("active = false");
    me.types("check-config")
        .await
        .shows("acme-utrecht, switched off: site NL6254340082 (acceptance)");
    me.types("doctor").await.shows("note integration acme-utrecht: switched off: it opens no door");
    let desk = Desk::with(me).await;
    desk.books("B-1", "paid", "room-12", NOW).await;
    desk.asks("B-1", "R-1", "rejected, integration_inactive: the integration is switched off")
        .await;
}

#[tokio::test]
async fn where_salto_says_no() {
    let desk = Desk::new().await;
    desk.books("B-1", "paid", "room-12", NOW).await;
    let account = "accounts/system-user@acme.example";
    desk.me.at_salto(account, json!({"remote_access": false})).await;
    let no = "failed, forbidden: Salto refuses this: the user lacks a right at the site, or is blocked (HTTP 403, code \
              2203) (an operator must act)";
    desk.asks("B-1", "R-1", no).await;
    desk.me.at_salto(account, json!({"remote_access": true})).await;

    let iq = format!("iqs/{IQ_GROUND_FLOOR}");
    desk.me.at_salto(&iq, json!({"online": false})).await;
    let line =
        "publish open-request --integration acme-utrecht --booking B-1 --id R-2 --expires-at +2s";
    assert_eq!(desk.me.types(line).await.status, Some(0));
    let no = "B-1  failed, iq_offline: the IQ is not online (HTTP 400, code 3102) (trying again may help) after ";
    desk.tail.says(no, SOON).await;
    desk.me.types("mapping check").await.shows(
        "shown as offline: check its power and network (the list lags by up to half an hour)",
    );
    desk.me.at_salto(&iq, json!({"online": true})).await;
    desk.asks("B-1", "R-3", &format!("opened room-12 (lock {ROOM_12})")).await;
    assert_eq!(desk.me.world.simulator.opened().await, 1);
}

#[tokio::test]
async fn where_clocks_differ_by_ten_minutes_the_door_opens_all_the_same() {
    let me = Person::with_a_password().await;
    let clock = Some(json!({"offset_seconds": 600}));
    me.world.simulator.control(reqwest::Method::PUT, "clock", clock).await;
    let desk = Desk::of(me).await;
    desk.books("B-1", "paid", "room-12", NOW).await;
    desk.asks("B-1", "R-1", &format!("opened room-12 (lock {ROOM_12})")).await;
}

#[tokio::test]
async fn where_salto_has_just_asked_a_command_for_a_pause() {
    let desk = Desk::new().await;
    desk.books("B-1", "paid", "room-12", NOW).await;
    let wish = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    desk.me.world.simulator.fault(wish).await;
    assert_eq!(desk.me.types("mapping check").await.status, Some(1));
    let no = "failed, rate_limited: Salto asked for a pause of this integration's calls (trying again may help)";
    desk.asks("B-1", "R-1", no).await;
    assert_eq!(desk.me.world.simulator.commands().await, [], "the worker heeds it, too");
}

#[tokio::test]
async fn where_salto_has_just_asked_for_a_pause_as_it_was_looked_for_why() {
    let desk = Desk::new().await;
    desk.books("B-1", "paid", "room-12", NOW).await;
    desk.asks("B-1", "R-1", &format!("opened room-12 (lock {ROOM_12})")).await;
    let wish = json!({"kind": "rate_limit", "retry_after": 900, "call": "iqs", "times": 1});
    desk.me.world.simulator.fault(wish).await;
    desk.me.types("explain R-1").await.shows(
        "door, now
        its IQ is not known: Salto asks for fewer calls (HTTP 429); no call is sent for … s; wait; if it happens often, let \
         fewer integrations share the account",
    );
    desk.me
        .types("explain R-1")
        .await
        .shows("door, now\nSalto has asked for a pause of another … s");
}
