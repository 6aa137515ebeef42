use chrono::TimeDelta;
use events::{Opened, RequestRef};
use salto::ROW_TOLERANCE;

use super::*;
use crate::state::store::testing::redis as store;

const LOCK: Uuid = Uuid::from_u128(7);

struct Fixture {
    confirmations: Confirmations,
    now: DateTime<Utc>,
}

impl Fixture {
    fn new() -> Self {
        let (store, prefix) = store();
        // Whole seconds, a while ago: rows that match only nearly have no patience left.
        let now = DateTime::from_timestamp(Utc::now().timestamp() - 20, 0).unwrap();
        Self { confirmations: Confirmations::new(store, Keys::new(prefix)), now }
    }

    fn at(&self, millis: i64) -> DateTime<Utc> {
        self.now + TimeDelta::milliseconds(millis)
    }

    /// An opening of the lock whose command was sent and answered then, as conclude.lua writes it.
    async fn opened(&self, request: u128, sent: i64, answered: i64) {
        let opened = Opened {
            request: RequestRef {
                integration_id: "acme".into(),
                booking_id: "B-1".into(),
                requested_by: None,
                request_id: request.to_string(),
                request_source: "/test".into(),
            },
            object_id: "room".into(),
            lock_id: LOCK,
            iq_id: "iq".into(),
            opened_at: self.at(answered),
            record_in_field: None,
            attempts: 1,
        };
        let terminal = Outbound {
            id: event_id("/test", &request.to_string(), Role::Terminal),
            time: self.at(answered),
            traceparent: None,
            rehearsal: false,
            data: OutboundData::Opened(opened),
        };
        let sent_at = self.at(sent);
        let times = CommandTimes { first_sent_at: sent_at, sent_at };
        let awaited = AwaitedOpening::of(Uuid::from_u128(request), &terminal, times);
        let AwaitedOpening { member, sent_at } = awaited.unwrap().unwrap();
        let mut add = redis::cmd("ZADD");
        add.arg(self.confirmations.keys.unconfirmed("acme")).arg(sent_at).arg(member);
        self.confirmations.store.query::<()>(&add).await.unwrap();
    }

    fn row(&self, id: &str, second: i64) -> Entry {
        let opened_at = self.at(second * 1000);
        Entry { id: id.into(), lock_id: LOCK, opened_at, opened_from: opened_at }
    }

    async fn see(&self, rows: &[Entry]) -> Reconciled {
        let seen = SeenRows { rows, source: ConfirmationSource::Stream };
        self.confirmations.reconcile("acme", seen, &[]).await.unwrap()
    }

    /// The requests that are confirmed, with the time of their rows.
    async fn confirmed(&self) -> Vec<(String, DateTime<Utc>)> {
        let mut range = redis::cmd("ZRANGE");
        range.arg(self.confirmations.keys.confirmed_events()).arg(0).arg(-1);
        let events: Vec<Vec<u8>> = self.confirmations.store.query(&range).await.unwrap();
        let read = |event: Vec<u8>| match serde_json::from_slice::<Outbound>(&event).unwrap().data {
            OutboundData::OpenConfirmed(data) => (data.request.request_id, data.opened_at),
            other => panic!("another event: {other:?}"),
        };
        let mut confirmed: Vec<_> = events.into_iter().map(read).collect();
        confirmed.sort();
        confirmed
    }
}

#[tokio::test]
async fn one_row_confirms_one_opening_however_often_it_is_read() {
    let fixture = Fixture::new();
    fixture.opened(1, 100, 300).await;
    fixture.opened(2, 400, 600).await;
    assert_eq!(fixture.see(&[fixture.row("a", 0)]).await.confirmed.len(), 1);
    assert_eq!(fixture.see(&[fixture.row("a", 0)]).await.confirmed, []);
    assert_eq!(fixture.confirmed().await.len(), 1);
    let oldest = fixture.see(&[fixture.row("b", 0), fixture.row("a", 0)]).await.oldest;
    assert_eq!(oldest, None, "none waits any more");
    let confirmed = fixture.confirmed().await;
    assert_eq!(confirmed, [("1".into(), fixture.at(0)), ("2".into(), fixture.at(0))]);
}

#[tokio::test]
async fn rows_out_of_order_confirm_their_own_openings() {
    let fixture = Fixture::new();
    fixture.opened(1, 100, 3_300).await;
    fixture.opened(2, 2_100, 2_300).await;
    fixture.see(&[fixture.row("late", 2)]).await;
    assert_eq!(fixture.confirmed().await, [("2".into(), fixture.at(2_000))]);
    fixture.see(&[fixture.row("early", 0)]).await;
    assert_eq!(fixture.confirmed().await[0], ("1".into(), fixture.at(0)));
}

#[tokio::test]
async fn with_an_error_of_the_clocks_no_opening_of_a_busy_door_is_left_over() {
    for error in [-500, 0, 500] {
        let fixture = Fixture::new();
        let sent: Vec<i64> = (0..40).map(|number| 100 + number * 330).collect();
        let mut rows = Vec::new();
        for (number, &sent) in (0_u128..).zip(&sent) {
            fixture.opened(number, sent, sent + 60).await;
            let mut row = fixture.row(&number.to_string(), (sent + 30) / 1000);
            row.opened_from += TimeDelta::milliseconds(error);
            rows.push(row);
        }
        assert_eq!(fixture.see(&rows).await.confirmed.len(), 40, "{error} ms");
    }
}

#[tokio::test]
async fn a_row_waits_for_its_opening_and_settles_a_command_in_doubt() {
    let fixture = Fixture::new();
    assert_eq!(fixture.see(&[fixture.row("a", 0)]).await.confirmed, []);
    let unmatched = async |lock, since| {
        let times = fixture.at(since) - ROW_TOLERANCE..=fixture.at(since);
        fixture.confirmations.unmatched_opening("acme", lock, times).await.unwrap()
    };
    assert_eq!(unmatched(LOCK, 1_500).await, Some(fixture.at(0)));
    assert_eq!(unmatched(LOCK, 1_700).await, None);
    assert_eq!(unmatched(Uuid::nil(), 0).await, None);
    fixture.opened(1, 100, 300).await;
    assert_eq!(fixture.see(&[]).await.confirmed.len(), 1);
    assert_eq!(unmatched(LOCK, 0).await, None);
}

#[tokio::test]
async fn a_confirmation_is_published_after_the_answer() {
    let fixture = Fixture::new();
    let request = Uuid::from_u128(1);
    let record = fixture.confirmations.keys.request(request);
    let mut awaited = redis::cmd("HSET");
    awaited.arg(&record).arg("confirmation").arg("awaited");
    fixture.confirmations.store.query::<()>(&awaited).await.unwrap();
    fixture.opened(1, 100, 300).await;
    assert_eq!(fixture.see(&[fixture.row("a", 0)]).await.confirmed.len(), 1);
    assert_eq!(fixture.confirmed().await, [], "lock.opened is not published yet");
    assert!(fixture.confirmations.answered(request).await.unwrap());
    assert_eq!(fixture.confirmed().await, [("1".into(), fixture.at(0))]);
    assert!(!fixture.confirmations.answered(request).await.unwrap(), "once");
}

#[tokio::test]
async fn the_log_is_asked_by_one_worker_and_only_while_an_opening_waits() {
    let fixture = Fixture::new();
    let ask = async |after: u64| {
        let rows = SeenRows { rows: &[], source: ConfirmationSource::Entries };
        let after = [Duration::from_secs(after)];
        let asked = fixture.confirmations.reconcile("acme", rows, &after).await.unwrap();
        asked.ask_since
    };
    assert_eq!(ask(2).await, None, "nothing waits");
    fixture.opened(1, 100, 300).await;
    assert_eq!(ask(60).await, None, "it is not due");
    assert_eq!(ask(2).await, Some(fixture.at(100)));
    assert_eq!(ask(2).await, None, "it has been asked");
}
