//! Requests at a constant rate while servers are killed one after the other, and what became of them.

use crate::broker::{LoadConnection, OutboundListener};
use crate::deadline::until_true;
use crate::inbound::{booking_status, open_request};
use crate::setup::Setup;
use crate::worker::Worker;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// The number of requests of a booking. Its status is published just before them.
const REQUESTS_PER_BOOKING: usize = 10;
/// The rooms of the bookings, all at one IQ.
const ROOMS: usize = 12;
/// The pause before a message is published again.
const PAUSE: Duration = Duration::from_millis(100);
/// A connection to a node that has just been killed, or is starting, may not answer.
const ANSWER: Duration = Duration::from_secs(5);
/// The time until the last requests are answered, or a queue has all members, on a busy machine.
const ANSWERED: Duration = Duration::from_secs(120);

/// The load: `r-0`, `r-1`, … for the bookings `b-0`, `b-1`, …
#[derive(Debug)]
pub struct Load {
    published: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Load {
    /// Publishes a request each time this period is over. What the broker has not confirmed is published again.
    pub fn start(url: &str, every: Duration) -> Self {
        let (published, stop) = (Arc::default(), Arc::<AtomicBool>::default());
        let mut publisher =
            LoadPublisher { url: url.to_owned(), open: None, published: Arc::clone(&published) };
        let task = tokio::spawn({
            let stop = Arc::clone(&stop);
            async move {
                let mut pace = interval(every);
                pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
                while !stop.load(Ordering::SeqCst) {
                    pace.tick().await;
                    publisher.publish_next().await;
                }
            }
        });
        Self { published, stop, task }
    }

    /// Ends it; the number of requests that were published.
    pub async fn stop(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("the load does not panic");
        self.published.load(Ordering::SeqCst)
    }
}

struct LoadPublisher {
    url: String,
    open: Option<LoadConnection>,
    published: Arc<AtomicUsize>,
}

impl LoadPublisher {
    async fn publish_next(&mut self) {
        let number = self.published.load(Ordering::SeqCst);
        let booking = format!("b-{}", number / REQUESTS_PER_BOOKING);
        if number.is_multiple_of(REQUESTS_PER_BOOKING) {
            let mut status = booking_status(&booking, "paid");
            let room = number / REQUESTS_PER_BOOKING % ROOMS + 1;
            status["data"]["object_ids"] = json!([format!("room-{room}")]);
            self.publish("booking.status", &status).await;
        }
        let request = open_request(&format!("r-{number}"), &booking);
        self.publish("lock.open-request", &request).await;
        self.published.store(number + 1, Ordering::SeqCst);
    }

    async fn publish(&mut self, routing_key: &str, event: &Value) {
        loop {
            if self.open.is_none() {
                let connecting = timeout(ANSWER, LoadConnection::open(&self.url)).await;
                self.open = connecting.ok().and_then(Result::ok);
            }
            if let Some(open) = &self.open {
                let confirmed = timeout(ANSWER, open.publish(routing_key, event)).await;
                if matches!(confirmed, Ok(Ok(true))) {
                    return;
                }
                self.open = None;
            }
            sleep(PAUSE).await;
        }
    }
}

/// Waits until this number of nodes have each of postern's queues.
pub async fn all_have_members(setup: &Setup, count: usize) {
    for queue in ["postern.open-requests", "postern.booking-status", "postern.dead-letters"] {
        until_true(&format!("{count} members of {queue}"), ANSWERED, || async {
            let queue = setup.vhost.queue(queue).await;
            queue["online"].as_array().map_or(0, Vec::len) == count
        })
        .await;
    }
}

/// What became of the requests of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Requests that were published.
    pub requests: usize,
    /// Requests without an answer, or with another one than `lock.opened`; with that answer.
    pub lost: BTreeMap<String, String>,
    /// Requests with two answers that differ.
    pub answered_differently: Vec<String>,
    /// Openings at Salto.
    pub openings: u64,
    /// Dead letters.
    pub dead_letters: usize,
}

impl Verdict {
    /// Waits until every request has ended and the workers have nothing left, and judges.
    pub async fn on(
        setup: &Setup,
        outbound: &OutboundListener,
        workers: &[Worker],
        requests: usize,
    ) -> Self {
        let bus = setup.vhost.bus().await;
        until_true("the end of all requests", ANSWERED, || async {
            let ended = outbound.ended_so_far() >= requests;
            ended && bus.waiting("postern.open-requests").await == Some(0)
        })
        .await;
        for worker in workers {
            worker.ready(ANSWERED).await;
            worker.idle(ANSWERED).await;
        }
        outbound.catch_up().await;
        let terminals = outbound.terminals();
        let (mut lost, mut answered_differently) = (BTreeMap::new(), Vec::new());
        for request in (0..requests).map(|number| format!("r-{number}")) {
            let answers = terminals.get(&request).map(Vec::as_slice).unwrap_or_default();
            match answers.first() {
                Some(first) if answers.iter().any(|again| again != first) => {
                    answered_differently.push(request);
                }
                Some(first) if first.kind == "lock.opened.v1" => {}
                Some(first) => {
                    lost.insert(request, format!("{} {}", first.kind, first.data));
                }
                None => {
                    lost.insert(request, "no answer".to_owned());
                }
            }
        }
        Self {
            requests,
            lost,
            answered_differently,
            openings: setup.simulator.opening_count().await,
            dead_letters: bus.dead_letters().await.len(),
        }
    }

    /// Whether each request has opened its door once, and was answered so.
    pub fn is_faultless(&self) -> bool {
        self.lost.is_empty()
            && self.answered_differently.is_empty()
            && self.openings == self.requests as u64
            && self.dead_letters == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, lost, answered_differently, openings, dead_letters } = self;
        let doubled = i128::from(*openings) - (*requests as i128 - lost.len() as i128);
        write!(f, "{requests} requests: lost {}, doubled {doubled}", lost.len())?;
        let differ = answered_differently.len();
        write!(f, ", answered differently {differ}, dead letters {dead_letters}")?;
        for (request, answer) in lost.iter().take(10) {
            write!(f, "\n{request}: {answer}")?;
        }
        Ok(())
    }
}

/// The longest time without an opening that began with, or after, a kill.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    /// How long no door opened.
    pub lasted: TimeDelta,
    /// The time from the kill to its end.
    pub until: TimeDelta,
}

impl Pause {
    /// The longest pause that began after the last opening before `killed_at`, and before `end`.
    pub async fn after(setup: &Setup, killed_at: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        let openings = setup.simulator.openings().await;
        let mut times: Vec<_> = openings.iter().map(|opening| opening.opened_at).collect();
        times.sort_unstable();
        let before =
            times.iter().rposition(|at| *at < killed_at).expect("it was killed under load");
        let gaps = times[before..].windows(2).filter(|pair| pair[0] < end);
        let gaps = gaps.map(|pair| Self { lasted: pair[1] - pair[0], until: pair[1] - killed_at });
        gaps.max_by_key(|pause| pause.lasted).expect("a door opened after the kill")
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: TimeDelta| time.as_seconds_f64();
        write!(
            f,
            "no door opened for {:.2} s, until {:.2} s after the kill",
            seconds(self.lasted),
            seconds(self.until)
        )
    }
}
