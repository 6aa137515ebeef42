use chrono::TimeDelta;
use events::{OpenRejected, OutboundData, Role, event_id};
use rules::{FailedReason, RejectedReason};

use super::*;
use crate::{audit::Entry, pursuit::Pursuit, store::testing::redis};

const LEASE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);
const RETENTION: RetentionSettings =
    RetentionSettings { outcomes: MINUTE, bookings: MINUTE, audit: MINUTE };

const NO_WAIT: (u32, Duration) = (0, Duration::ZERO);
const LIMITS: Limits = Limits { per_iq: 2, per_integration: 3 };

struct Fixture {
    ledger: Ledger,
    request: Uuid,
}

impl Fixture {
    fn new(lease: Duration) -> Self {
        let (store, prefix) = redis();
        let ledger = Ledger::new(store, &prefix, Uuid::new_v4(), (lease, LIMITS), RETENTION);
        Self { ledger, request: Uuid::new_v4() }
    }

    fn reference(&self) -> RequestRef<'_> {
        RequestRef {
            key: self.request,
            integration_id: "acme",
            booking_id: "B-1",
            expires_at: Utc::now() + TimeDelta::seconds(60),
        }
    }

    /// With a booking that everything else may be asked for.
    async fn booked(lease: Duration) -> Self {
        let fixture = Self::new(lease);
        let key = fixture.ledger.keys.booking("acme", "B-1");
        let record = r#"{"status":"paid","object_ids":["room"],"starts_at":"2026-01-01T00:00:00Z","ends_at":"2036-01-01T00:00:00Z"}"#;
        let mut set = redis::cmd("HSET");
        set.arg(key).arg("record").arg(record);
        fixture.ledger.store.query::<()>(&set).await.unwrap();
        fixture
    }

    async fn claim(&self, owner: &mut Owner, sending: bool, last: LastCommand) -> Claim {
        owner.next_round();
        self.ledger.claim(self.reference(), owner, to_iq(sending), (last, None)).await.unwrap()
    }

    async fn claimed(&self, owner: &mut Owner, sending: bool, last: LastCommand) -> Claimed {
        match self.claim(owner, sending, last).await {
            Claim::Claimed(claimed) => *claimed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    fn terminal(&self, detail: &str) -> Outbound {
        Outbound {
            id: event_id("/test", &self.request.to_string(), Role::Terminal),
            time: Utc::now(),
            traceparent: None,
            rehearsal: false,
            data: OutboundData::OpenRejected(OpenRejected {
                request: events::RequestRef {
                    integration_id: "acme".into(),
                    booking_id: "B-1".into(),
                    requested_by: None,
                    request_id: self.request.to_string(),
                    request_source: "/test".into(),
                },
                reason: RejectedReason::TooLate,
                detail: detail.into(),
                opens_at: None,
                attempts: 0,
            }),
        }
    }
}

fn to_iq(at_once: bool) -> Prospect<'static> {
    Prospect { iq_id: Some("iq-1"), at_once, rehearsal: false }
}

fn detail(known: &Known) -> &str {
    match &known.terminal.data {
        OutboundData::OpenRejected(data) => &data.detail,
        other => panic!("another event: {other:?}"),
    }
}

#[tokio::test]
async fn one_owner_at_a_time() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (Owner::new(false), Owner::new(false));
    fixture.claimed(&mut first, true, LastCommand::Standing).await;
    match fixture.claim(&mut second, true, LastCommand::Standing).await {
        Claim::Busy(left) => assert!(left <= LEASE && left > LEASE / 2, "{left:?}"),
        other => panic!("claimed twice: {other:?}"),
    }
    fixture.claimed(&mut first, false, LastCommand::Standing).await;
}

#[tokio::test]
async fn a_lapsed_claim_is_taken_over_and_leaves_its_doubt() {
    let fixture = Fixture::booked(Duration::from_millis(30)).await;
    let (mut dead, mut heir) = (Owner::new(false), Owner::new(false));
    fixture.claimed(&mut dead, true, LastCommand::Standing).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let claimed = loop {
        match fixture.claim(&mut heir, true, LastCommand::Standing).await {
            Claim::Claimed(claimed) => break *claimed,
            Claim::Busy(left) => tokio::time::sleep(left).await,
            Claim::Known(known) => panic!("{known:?}"),
        }
        assert!(tokio::time::Instant::now() < deadline, "the claim never lapsed");
    };
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
    assert!(claimed.doubt.since_first >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_dead_workers_claim_passes_to_whoever_is_handed_its_message() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.sign_of_life(Duration::from_secs(60)).await.unwrap();
    let (mut dead, mut heir, mut twin) = (Owner::new(false), Owner::new(true), Owner::new(false));
    fixture.claimed(&mut dead, false, LastCommand::Standing).await;
    let answer = fixture.claim(&mut heir, false, LastCommand::Standing).await;
    assert!(matches!(answer, Claim::Busy(_)), "the owner's worker lives: {answer:?}");

    fixture.ledger.farewell().await.unwrap();
    let answer = fixture.claim(&mut twin, false, LastCommand::Standing).await;
    assert!(matches!(answer, Claim::Busy(_)), "a second copy is no sign of a death: {answer:?}");
    fixture.claimed(&mut heir, false, LastCommand::Standing).await;
}

#[tokio::test]
async fn announced_commands_count_until_they_are_taken_back() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    let counts = |claimed: Claimed| (claimed.attempts, claimed.doubt.commands);
    let first = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    assert_eq!(counts(first), (0, 0), "what was before the claim");
    let second = fixture.claimed(&mut owner, true, LastCommand::Unsent).await;
    assert_eq!(counts(second), (0, 0), "never written");
    let third = fixture.claimed(&mut owner, true, LastCommand::NeverHappened).await;
    assert_eq!(counts(third), (1, 0), "written, and Salto says it was not done");
    let fourth = fixture.claimed(&mut owner, false, LastCommand::Standing).await;
    assert_eq!(counts(fourth), (2, 1), "written, and nobody knows");
    let fifth = fixture.claimed(&mut owner, false, LastCommand::Standing).await;
    assert_eq!(counts(fifth), (2, 1), "looking adds nothing");
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_counts_once() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    owner.next_round();
    for _ in 0..3 {
        let news = (LastCommand::Standing, None);
        let claim =
            fixture.ledger.claim(fixture.reference(), &owner, to_iq(true), news).await.unwrap();
        let Claim::Claimed(claimed) = claim else { panic!("{claim:?}") };
        assert_eq!((claimed.attempts, claimed.doubt.commands), (0, 0));
    }
    let claimed = fixture.claimed(&mut owner, false, LastCommand::Standing).await;
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
}

#[tokio::test]
async fn the_cause_and_the_first_taking_are_remembered() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (Owner::new(false), Owner::new(false));
    let taken_at = fixture.claimed(&mut first, true, LastCommand::Standing).await.taken_at;
    let failure = Failure::new(FailedReason::IqOffline, "the IQ is not online");
    let news = (LastCommand::NeverHappened, Some(&failure));
    fixture.ledger.release(fixture.reference(), &first, news, NO_WAIT).await.unwrap();
    let claimed = fixture.claimed(&mut second, false, LastCommand::Standing).await;
    assert_eq!(claimed.cause, Some(failure));
    assert_eq!(claimed.taken_at, taken_at);
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 0));
}

#[tokio::test]
async fn the_first_outcome_stands() {
    let fixture = Fixture::booked(LEASE).await;
    let reference = fixture.reference();
    let first = fixture
        .ledger
        .conclude(reference, &fixture.terminal("first"), None, &Due::Nowhere)
        .await
        .unwrap();
    assert_eq!(detail(&first), "first");
    let second = fixture
        .ledger
        .conclude(reference, &fixture.terminal("second"), None, &Due::Nowhere)
        .await
        .unwrap();
    assert_eq!(second.terminal, first.terminal);
    match fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await {
        Claim::Known(known) => {
            assert_eq!(known.terminal, first.terminal);
            assert!(!known.held && !known.dead_lettered);
        }
        other => panic!("acted on again: {other:?}"),
    }
    fixture.ledger.dead_lettered(reference).await.unwrap();
    match fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await {
        Claim::Known(known) => assert!(known.dead_lettered),
        other => panic!("acted on again: {other:?}"),
    }
}

#[tokio::test]
async fn an_outcome_is_held_by_the_owner_that_publishes_it() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    fixture
        .ledger
        .conclude(fixture.reference(), &fixture.terminal("x"), None, &Due::Nowhere)
        .await
        .unwrap();
    assert!(held(fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await));
    assert!(!held(fixture.claim(&mut owner, true, LastCommand::Standing).await));
    assert!(!held(fixture.claim(&mut Owner::new(true), true, LastCommand::Standing).await));
}

#[tokio::test]
async fn an_outcome_given_back_is_for_others_to_publish() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    fixture
        .ledger
        .conclude(fixture.reference(), &fixture.terminal("x"), None, &Due::Nowhere)
        .await
        .unwrap();
    let news = (LastCommand::Standing, None);
    fixture.ledger.release(fixture.reference(), &owner, news, NO_WAIT).await.unwrap();
    assert!(!held(fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await));
}

fn held(claim: Claim) -> bool {
    match claim {
        Claim::Known(known) => known.held,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_booking_checks_in_once() {
    let fixture = Fixture::booked(LEASE).await;
    let ends_at = Utc::now() + TimeDelta::hours(1);
    let event = fixture.terminal("stands for a check-in");
    let conclude = |key| {
        let (reference, event) = (RequestRef { key, ..fixture.reference() }, &event);
        fixture.ledger.conclude(reference, event, Some((event, ends_at)), &Due::Nowhere)
    };
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(conclude(first).await.unwrap().check_in.is_some());
    assert!(conclude(second).await.unwrap().check_in.is_none());
    assert!(conclude(first).await.unwrap().check_in.is_some(), "the same outcome once more");
}

#[tokio::test]
async fn a_rehearsed_check_in_leaves_the_real_one() {
    let fixture = Fixture::booked(LEASE).await;
    let ends_at = Utc::now() + TimeDelta::hours(1);
    let real = fixture.terminal("stands for a check-in");
    let rehearsed = Outbound { rehearsal: true, ..real.clone() };
    for (event, checks_in) in [(&rehearsed, true), (&rehearsed, false), (&real, true)] {
        let reference = RequestRef { key: Uuid::new_v4(), ..fixture.reference() };
        let check_in = Some((event, ends_at));
        let known = fixture.ledger.conclude(reference, event, check_in, &Due::Nowhere).await;
        assert_eq!(known.unwrap().check_in.is_some(), checks_in);
    }
}

#[tokio::test]
async fn whether_a_request_is_rehearsed_is_settled_by_its_first_claim() {
    for first in [true, false] {
        let fixture = Fixture::booked(LEASE).await;
        let mut owner = Owner::new(false);
        for rehearsal in [first, !first] {
            owner.next_round();
            let prospect = Prospect { rehearsal, ..to_iq(false) };
            let news = (LastCommand::Standing, None);
            let claim = fixture.ledger.claim(fixture.reference(), &owner, prospect, news).await;
            let Claim::Claimed(claimed) = claim.unwrap() else { panic!("not claimed") };
            assert_eq!(claimed.rehearsal, first);
        }
    }
}

#[tokio::test]
async fn the_longer_pause_stands() {
    let fixture = Fixture::booked(LEASE).await;
    let pause =
        async || fixture.claimed(&mut Owner::new(false), false, LastCommand::Standing).await.pause;
    let fixture_pause = |seconds| fixture.ledger.pause("acme", Duration::from_secs(seconds));
    fixture_pause(60).await.unwrap();
    fixture_pause(1).await.unwrap();
    assert!(pause().await > Duration::from_secs(50));
}

#[tokio::test]
async fn a_claim_holds_while_its_worker_gives_signs_of_life_without_a_break() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    let is_held = |claimed| fixture.ledger.holds_until(claimed) > Instant::now();
    let life = Duration::from_secs(20);
    fixture.ledger.sign_of_life(life).await.unwrap();
    let before = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    assert!(is_held(&before));
    assert!(fixture.ledger.holds_until(&before) < Instant::now() + life, "the lease is longer");

    fixture.ledger.sign_of_life(Duration::from_millis(1)).await.unwrap();
    while is_held(&before) {}
    // Who was dead for a moment is alive again, and somebody else may have acted.
    fixture.ledger.sign_of_life(life).await.unwrap();
    assert!(!is_held(&before));
    assert!(is_held(&fixture.claimed(&mut owner, true, LastCommand::Standing).await));
}

/// One of several requests of an integration, each with a delivery of its own.
struct Rival {
    key: Uuid,
    owner: Owner,
}

impl Rival {
    fn new() -> Self {
        Self { key: Uuid::new_v4(), owner: Owner::new(false) }
    }

    fn reference<'a>(&self, fixture: &'a Fixture) -> RequestRef<'a> {
        RequestRef { key: self.key, ..fixture.reference() }
    }

    /// Whether it may send a command to that IQ.
    async fn asks(&mut self, fixture: &Fixture, iq_id: &str) -> Announced {
        self.owner.next_round();
        let prospect = Prospect { iq_id: Some(iq_id), ..to_iq(true) };
        let news = (LastCommand::Standing, None);
        let reference = self.reference(fixture);
        match fixture.ledger.claim(reference, &self.owner, prospect, news).await.unwrap() {
            Claim::Claimed(claimed) => claimed.announced,
            other => panic!("not claimed: {other:?}"),
        }
    }
}

#[tokio::test]
async fn commands_on_their_way_are_limited_per_iq_and_per_integration() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.sign_of_life(Duration::from_secs(60)).await.unwrap();
    let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| Rival::new());
    assert_eq!(a.asks(&fixture, "iq-1").await, Announced::Yes);
    assert_eq!(b.asks(&fixture, "iq-1").await, Announced::Yes);
    assert_eq!(b.asks(&fixture, "iq-1").await, Announced::Yes, "its own place counts once");
    assert_eq!(c.asks(&fixture, "iq-1").await, Announced::Full, "two at this IQ");
    assert_eq!(c.asks(&fixture, "iq-2").await, Announced::Yes);
    assert_eq!(d.asks(&fixture, "iq-3").await, Announced::Full, "three for the integration");

    fixture
        .ledger
        .conclude(a.reference(&fixture), &fixture.terminal("x"), None, &Due::Nowhere)
        .await
        .unwrap();
    assert_eq!(d.asks(&fixture, "iq-1").await, Announced::Yes, "one has its outcome");
    let news = (LastCommand::NeverHappened, None);
    fixture.ledger.release(b.reference(&fixture), &b.owner, news, NO_WAIT).await.unwrap();
    let mut e = Rival::new();
    assert_eq!(e.asks(&fixture, "iq-1").await, Announced::Yes, "one was given back");
}

#[tokio::test]
async fn a_dead_workers_commands_leave_room() {
    let fixture = Fixture::booked(LEASE).await;
    let [mut a, mut b, mut c] = [(); 3].map(|()| Rival::new());
    fixture.ledger.sign_of_life(Duration::from_secs(60)).await.unwrap();
    assert_eq!(a.asks(&fixture, "iq-1").await, Announced::Yes);
    assert_eq!(b.asks(&fixture, "iq-1").await, Announced::Yes);
    assert_eq!(c.asks(&fixture, "iq-1").await, Announced::Full);
    fixture.ledger.farewell().await.unwrap();
    assert_eq!(c.asks(&fixture, "iq-1").await, Announced::Yes);
}

#[tokio::test]
async fn a_request_without_a_turn_has_sent_nothing() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.sign_of_life(Duration::from_secs(60)).await.unwrap();
    let [mut a, mut b] = [(); 2].map(|()| Rival::new());
    a.asks(&fixture, "iq-1").await;
    b.asks(&fixture, "iq-1").await;
    let mut owner = Owner::new(false);
    for _ in 0..3 {
        let claimed = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
        assert_eq!((claimed.announced, claimed.attempts), (Announced::Full, 0));
        assert_eq!(claimed.doubt.commands, 0);
    }
}

#[tokio::test]
async fn who_takes_a_request_next_keeps_the_wait_and_the_failures() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (Owner::new(false), Owner::new(false));
    fixture.claimed(&mut first, true, LastCommand::Standing).await;
    let (news, so_far) = ((LastCommand::NeverHappened, None), (3, Duration::from_secs(30)));
    fixture.ledger.release(fixture.reference(), &first, news, so_far).await.unwrap();
    let claimed = fixture.claimed(&mut second, true, LastCommand::Standing).await;
    assert_eq!(claimed.failures, 3);
    assert!(claimed.wait > Duration::from_secs(25) && claimed.wait <= Duration::from_secs(30));
    assert_eq!(claimed.announced, Announced::No, "no command may leave yet");
    let claimed = fixture.claimed(&mut second, false, LastCommand::Standing).await;
    assert_eq!(claimed.attempts, 1, "the one before");
}

#[tokio::test]
async fn no_command_is_announced_during_a_pause() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.pause("acme", Duration::from_secs(60)).await.unwrap();
    let claimed = fixture.claimed(&mut Owner::new(false), true, LastCommand::Standing).await;
    assert_eq!(claimed.announced, Announced::No);
}

#[tokio::test]
async fn no_command_is_announced_for_a_booking_that_nobody_knows() {
    let fixture = Fixture::new(LEASE);
    let mut owner = Owner::new(false);
    for _ in 0..2 {
        let claimed = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
        assert_eq!((claimed.announced, claimed.attempts), (Announced::No, 0));
        assert_eq!(claimed.doubt.commands, 0);
    }
}

#[tokio::test]
async fn a_claim_without_a_command_whose_answer_was_lost_takes_nothing_back() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    owner.next_round();
    for _ in 0..3 {
        let news = (LastCommand::Standing, None);
        let reference = fixture.reference();
        let claim = fixture.ledger.claim(reference, &owner, to_iq(false), news).await.unwrap();
        let Claim::Claimed(claimed) = claim else { panic!("{claim:?}") };
        assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
    }
}

#[tokio::test]
async fn where_passwords_are_rejected_one_command_is_on_its_way_at_a_time() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.sign_of_life(Duration::from_secs(60)).await.unwrap();
    let mut set = redis::cmd("HSET");
    set.arg(fixture.ledger.keys.guard("acme")).arg("iq-1").arg("1 0");
    fixture.ledger.store.query::<()>(&set).await.unwrap();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Rival::new());
    assert_eq!(a.asks(&fixture, "iq-1").await, Announced::Yes);
    assert_eq!(b.asks(&fixture, "iq-1").await, Announced::Full);
    assert_eq!(c.asks(&fixture, "iq-2").await, Announced::Yes, "another IQ is not concerned");
}

/// The audit's stream, line by line.
async fn stream(fixture: &Fixture) -> Vec<String> {
    let mut range = redis::cmd("XRANGE");
    range.arg(fixture.ledger.keys.audit()).arg("-").arg("+");
    let read: Vec<(String, Vec<String>)> = fixture.ledger.store.query(&range).await.unwrap();
    read.into_iter().map(|(_, fields)| fields[1].clone()).collect()
}

/// The line of a fixture's request, where its outcome is decided as `detail`.
fn entry(fixture: &Fixture, claimed: &Claimed, detail: &str) -> Box<Entry> {
    let request = events::Event {
        id: fixture.request.to_string(),
        source: "/test".into(),
        time: Utc::now(),
        traceparent: None,
        data: events::OpenRequest {
            integration_id: "acme".into(),
            booking_id: "B-1".into(),
            object_id: None,
            expires_at: None,
            requested_by: None,
        },
    };
    let pursuit = Pursuit::new(request, false, MINUTE);
    Box::new(Entry::of(&fixture.terminal(detail), &pursuit, claimed).unwrap())
}

#[tokio::test]
async fn a_decision_s_line_goes_into_the_stream_with_it_and_once() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = Owner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    for detail in ["first", "second"] {
        let due = Due::Stream(entry(&fixture, &claimed, detail));
        let terminal = fixture.terminal(detail);
        let known = fixture.ledger.conclude(fixture.reference(), &terminal, None, &due).await;
        assert_eq!(known.unwrap().audit, None, "nothing is left to write");
    }
    match fixture.claim(&mut Owner::new(true), true, LastCommand::Standing).await {
        Claim::Known(known) => assert!(known.audit.is_none() && !known.is_unfinished()),
        other => panic!("acted on again: {other:?}"),
    }
    let [line] = &stream(&fixture).await[..] else { panic!("one line") };
    let line: Entry = serde_json::from_str(line).unwrap();
    assert_eq!(line.detail.as_deref(), Some("first"));
    assert_eq!(line.object_id.as_deref(), Some("room"), "the only one booked");
    assert_eq!(line.saw.booking_status.as_deref(), Some("paid"));
}

#[tokio::test]
async fn what_the_rules_saw_has_the_booking_s_revision() {
    let fixture = Fixture::booked(LEASE).await;
    let version = rules::BookingVersion { revision: Some(7), time: Utc::now() };
    let mut set = redis::cmd("HSET");
    set.arg(fixture.ledger.keys.booking("acme", "B-1"));
    set.arg("version").arg(crate::bookings::order(&version));
    fixture.ledger.store.query::<()>(&set).await.unwrap();
    let mut owner = Owner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    assert_eq!(entry(&fixture, &claimed, "x").saw.booking_revision, Some(7));
}

#[tokio::test]
async fn lines_beyond_the_retention_leave_the_stream_with_the_next_one() {
    let fixture = Fixture::booked(LEASE).await;
    let key = fixture.ledger.keys.audit();
    let mut old = redis::pipe();
    // Redis removes whole blocks of them, of 100 at most.
    for number in 1..=300 {
        old.cmd("XADD").arg(&key).arg(format!("{number}-1")).arg("line").arg("old").ignore();
    }
    fixture.ledger.store.query_all::<()>(&old).await.unwrap();
    let claimed = fixture.claimed(&mut Owner::new(false), true, LastCommand::Standing).await;
    let due = Due::Stream(entry(&fixture, &claimed, "new"));
    let terminal = fixture.terminal("new");
    fixture.ledger.conclude(fixture.reference(), &terminal, None, &due).await.unwrap();
    let left = stream(&fixture).await;
    assert!(left.len() <= 100, "{} lines", left.len());
    assert!(left.last().unwrap().contains("\"detail\":\"new\""));
    // And all of them where no more come.
    let expiry: i64 = fixture.ledger.store.query(redis::cmd("PTTL").arg(&key)).await.unwrap();
    assert!(expiry > 50_000 && expiry <= 60_000, "{expiry} ms");
}

#[tokio::test]
async fn a_line_for_elsewhere_is_kept_until_it_is_written() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut owner, reference) = (Owner::new(false), fixture.reference());
    let claimed = fixture.claimed(&mut owner, true, LastCommand::Standing).await;
    let due = Due::Keep(entry(&fixture, &claimed, "first"));
    let terminal = fixture.terminal("first");
    let kept = fixture.ledger.conclude(reference, &terminal, None, &due).await.unwrap().audit;
    assert!(kept.as_ref().unwrap().contains("\"detail\":\"first\""), "{kept:?}");
    let again = fixture.ledger.conclude(reference, &terminal, None, &Due::Nowhere).await.unwrap();
    assert_eq!(again.audit, kept);
    match fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await {
        Claim::Known(known) => {
            assert!(known.held && known.is_unfinished());
            assert_eq!(known.audit, kept);
        }
        other => panic!("acted on again: {other:?}"),
    }
    fixture.ledger.audited(reference).await.unwrap();
    match fixture.claim(&mut Owner::new(false), true, LastCommand::Standing).await {
        Claim::Known(known) => assert!(known.audit.is_none() && !known.is_unfinished()),
        other => panic!("acted on again: {other:?}"),
    }
    assert_eq!(stream(&fixture).await, Vec::<String>::new());
}
