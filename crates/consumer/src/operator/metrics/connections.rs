//! RabbitMQ and Redis, as the worker sees them.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::{count, flag, messages::short};

const SUBSCRIBED: &str = "postern_subscribed";
const BROKER_BLOCKED: &str = "postern_broker_blocked";
const REDIS_UP: &str = "postern_redis_up";
pub(super) const SESSIONS: &str = "postern_sessions_total";
const UNROUTED_KEYS: &str = "postern_unrouted_routing_keys";
const QUEUE_MESSAGES: &str = "postern_queue_messages";

pub(super) fn describe() {
    describe_gauge!(SUBSCRIBED, "1 while subscribed to both queues");
    describe_gauge!(BROKER_BLOCKED, "1 while RabbitMQ blocks publishers");
    describe_gauge!(REDIS_UP, "1 while Redis answers");
    describe_counter!(SESSIONS, "Sessions with RabbitMQ begun");
    describe_gauge!(
        UNROUTED_KEYS,
        "Routing keys whose events no queue takes, so that requests wait"
    );
    describe_gauge!(
        QUEUE_MESSAGES,
        "Messages that wait in a queue and no worker has taken, by queue; NaN while it is not known"
    );
}

/// Whether both queues are subscribed to.
pub(crate) fn subscribed(yes: bool) {
    gauge!(SUBSCRIBED).set(flag(yes));
}

/// A session with RabbitMQ has begun.
pub(crate) fn session_begun() {
    counter!(SESSIONS).increment(1);
}

/// Whether RabbitMQ blocks publishers.
pub(crate) fn broker_blocked(yes: bool) {
    gauge!(BROKER_BLOCKED).set(flag(yes));
}

/// Whether Redis answers.
pub(crate) fn redis_up(yes: bool) {
    gauge!(REDIS_UP).set(flag(yes));
}

/// How many routing keys no queue takes.
pub(crate) fn unrouted_keys(keys: usize) {
    gauge!(UNROUTED_KEYS).set(count(keys));
}

/// How many messages wait in a queue; none where it is not known.
pub(crate) fn queue_messages(queue: &'static str, ready: Option<u32>) {
    gauge!(QUEUE_MESSAGES, "queue" => short(queue)).set(ready.map_or(f64::NAN, f64::from));
}
