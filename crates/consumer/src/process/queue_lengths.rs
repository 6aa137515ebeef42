//! How many messages wait in RabbitMQ, as metrics.

use std::{convert::Infallible, time::Duration};

use events::names::{BOOKING_STATUS_QUEUE, DEAD_LETTERS_QUEUE, OPEN_REQUESTS_QUEUE};
use lapin::{Channel, Connection};
use publisher::queue_state;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{failpoint, operator::metrics};

/// How often the queues are looked at, and how long all answers of a look may take.
const EVERY: Duration = Duration::from_secs(10);
const ANSWER_TIME: Duration = Duration::from_secs(5);

const QUEUES: [&str; 3] = [BOOKING_STATUS_QUEUE, OPEN_REQUESTS_QUEUE, DEAD_LETTERS_QUEUE];

/// Without a session, nothing is known.
struct Shown;

impl Drop for Shown {
    fn drop(&mut self) {
        show_unknown();
    }
}

/// Shows the lengths until the session ends. A look that fails ends no session: the check of the subscriptions does,
/// where it has to.
pub(super) async fn show(connection: &Connection) -> Infallible {
    let _shown = Shown;
    let mut ticks = interval(failpoint::interval("POSTERN_QUEUE_INTERVAL", EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // A channel has ended with an error, and may still get a late answer where there was none in time.
    let mut channel = None;
    loop {
        ticks.tick().await;
        let looked = timeout(ANSWER_TIME, look(connection, channel)).await;
        channel = looked.ok().and_then(Result::ok);
        if channel.is_none() {
            tracing::debug!("lengths of queues not known");
            show_unknown();
        }
    }
}

async fn look(connection: &Connection, channel: Option<Channel>) -> lapin::Result<Channel> {
    let channel = match channel {
        Some(channel) => channel,
        None => connection.create_channel().await?,
    };
    for queue in QUEUES {
        let state = queue_state(&channel, queue).await?;
        metrics::queue_messages(queue, Some(state.ready));
    }
    Ok(channel)
}

fn show_unknown() {
    QUEUES.iter().for_each(|queue| metrics::queue_messages(queue, None));
}
