//! The check that RabbitMQ still has a consumer of this worker and sends the messages that wait. A worker
//! that is connected and receives nothing looks healthy from outside.
//!
//! A single look proves nothing: for a quorum queue with a busy leader, RabbitMQ answers late, or with no
//! messages and no consumers. So the session ends only after several looks over some time, without a
//! delivery meanwhile. Readiness does not wait for so long.

use std::{pin::pin, time::Duration};

use lapin::Channel;
use publisher::{QueueState, queue_state};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::{
    broker::{receiver::Receiver, session_handle::SessionHandle},
    operator::health::Health,
};

/// How often a queue is looked at, and how long an answer may take before it counts as missing.
const LOOK_EVERY: Duration = Duration::from_secs(4);
const ANSWER_TIME: Duration = Duration::from_secs(4);

/// Bad looks in a row after which the worker is not ready: within 15 s of the loss
/// (docs/contract.md, Health).
const LOOKS_UNTIL_UNREADY: u32 = 2;

/// Bad looks in a row after which the session ends, and how long they must have lasted.
const LOOKS_UNTIL_END: u32 = 3;
const TIME_UNTIL_END: Duration = Duration::from_secs(20);

/// What one look at a queue shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The subscription works, or nothing speaks against it.
    Well,
    NoAnswer,
    NoConsumer,
    /// Messages wait, and this worker could take one.
    Waiting,
}

/// What the looks at a queue show together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Subscribed,
    Doubted,
    Lost,
}

/// Bad looks in a row without a delivery meanwhile.
#[derive(Debug, Clone, Copy)]
struct BadLooks {
    since: Instant,
    count: u32,
    /// How many deliveries had been taken.
    taken: u64,
}

/// Looks at a queue until its subscription is lost. Answers the reason.
pub(super) async fn run(
    channel: &Channel,
    receiver: &Receiver,
    session: &SessionHandle,
    health: &Health,
) -> String {
    let queue = receiver.queue;
    let mut bad: Option<BadLooks> = None;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut asked = pin!(queue_state(channel, queue));
        loop {
            let (look, answered) = match timeout(ANSWER_TIME, &mut asked).await {
                Ok(Ok(state)) => (look_at(state, receiver), true),
                Ok(Err(error)) => return error.to_string(),
                Err(_) => (Look::NoAnswer, false),
            };
            // Nothing is taken while RabbitMQ blocks publishers.
            let look = if session.is_blocked() { Look::Well } else { look };
            let judgement = judge(&mut bad, look, receiver.taken(), Instant::now());
            health.set_doubted(queue, judgement != Judgement::Subscribed);
            if judgement == Judgement::Lost {
                return reason(queue, look);
            }
            if answered {
                break;
            }
        }
    }
}

fn look_at(state: QueueState, receiver: &Receiver) -> Look {
    match state {
        QueueState { consumers: 0, .. } => Look::NoConsumer,
        QueueState { ready, .. } if ready > 0 && receiver.has_free_permit() => Look::Waiting,
        QueueState { .. } => Look::Well,
    }
}

fn judge(bad: &mut Option<BadLooks>, look: Look, taken: u64, now: Instant) -> Judgement {
    if look == Look::Well {
        *bad = None;
        return Judgement::Subscribed;
    }
    let before = bad.filter(|before| before.taken == taken);
    let looks = before.unwrap_or(BadLooks { since: now, count: 0, taken });
    let looks = BadLooks { count: looks.count + 1, ..looks };
    *bad = Some(looks);
    if looks.count >= LOOKS_UNTIL_END && now - looks.since >= TIME_UNTIL_END {
        Judgement::Lost
    } else if looks.count >= LOOKS_UNTIL_UNREADY {
        Judgement::Doubted
    } else {
        Judgement::Subscribed
    }
}

fn reason(queue: &str, look: Look) -> String {
    match look {
        Look::NoConsumer => format!("{queue} has no consumer"),
        Look::Waiting => format!("{queue} has messages and sends none"),
        Look::NoAnswer | Look::Well => {
            format!("RabbitMQ did not answer about {queue} for {TIME_UNTIL_END:?}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The judgements of looks at these seconds, with the number of deliveries taken by then.
    fn judgements(looks: &[(u64, Look, u64)]) -> Vec<Judgement> {
        let (begin, mut bad) = (Instant::now(), None);
        let judged = looks.iter().map(|(at, look, taken)| {
            judge(&mut bad, *look, *taken, begin + Duration::from_secs(*at))
        });
        judged.collect()
    }

    #[test]
    fn a_subscription_is_lost_after_bad_looks_for_twenty_seconds() {
        for look in [Look::NoAnswer, Look::NoConsumer, Look::Waiting] {
            let looks: Vec<_> = (0..=5).map(|number| (number * 4, look, 7)).collect();
            let mut expected = vec![Judgement::Subscribed];
            expected.extend([Judgement::Doubted; 4]);
            expected.push(Judgement::Lost);
            assert_eq!(judgements(&looks), expected, "{look:?}");
        }
        let two = [(0, Look::NoAnswer, 0), (60, Look::NoAnswer, 0)];
        assert_eq!(judgements(&two), [Judgement::Subscribed, Judgement::Doubted]);
    }

    #[test]
    fn a_delivery_or_a_good_look_begins_a_new_count() {
        let mut looks: Vec<_> =
            (0..10).map(|number| (number * 4, Look::NoConsumer, number)).collect();
        assert_eq!(judgements(&looks), [Judgement::Subscribed; 10]);
        looks = (0..20)
            .map(|number| {
                let look = if number % 4 == 3 { Look::Well } else { Look::NoConsumer };
                (number * 4, look, 0)
            })
            .collect();
        assert!(!judgements(&looks).contains(&Judgement::Lost));
    }
}
