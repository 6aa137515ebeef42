//! The arguments with which queues are declared (`docs/contract.md`, RabbitMQ, Limits).

use events::names::{self, RetryQueue};
use events::{DeadLetterReason, limits};
use lapin::types::{AMQPValue, FieldTable, ShortString};

/// The limit of queues that must not have one. The broker drops a dead letter that exceeds it, and
/// listing dead letters counts as a delivery; a parked message would return too early. RabbitMQ 4 sets
/// 20 where no limit is given, and 3.10 ignores text and −1 without an error. Therefore it is a number
/// that is never reached.
const NO_DELIVERY_LIMIT: i32 = 1_000_000_000;

/// The arguments of a queue of postern.
pub(super) fn arguments(queue: &str) -> FieldTable {
    if queue == names::DEAD_LETTERS_QUEUE {
        return dead_letters_arguments();
    }
    match names::retry_queues().find(|retry| retry.name == queue) {
        Some(retry) => retry_arguments(retry),
        None => work_arguments(queue),
    }
}

/// The delivery limit counts every lost connection, so it is a limit for poison messages and no retry
/// counter. At-least-once dead-lettering works only together with `reject-publish`; without it the broker uses
/// at-most-once and reports no error. The routing key is the same for messages that expire: the broker's
/// record in the message has the reason.
fn work_arguments(queue: &str) -> FieldTable {
    let key = DeadLetterReason::DeliveryLimit.routing_key(queue);
    let limit = i32::try_from(limits::DELIVERIES).unwrap_or(i32::MAX);
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(limit)),
        ("x-dead-letter-exchange", text(names::DEAD_LETTER_EXCHANGE)),
        ("x-dead-letter-routing-key", text(&key)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

fn dead_letters_arguments() -> FieldTable {
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
    ])
}

/// There is one queue for each delay: with the delay in the message, a long wait at the head of a queue
/// would hold up the short ones behind it. `reject-publish` is needed as for a work queue.
fn retry_arguments(retry: RetryQueue) -> FieldTable {
    // Milliseconds; the longest delay is far below the limit.
    let ttl = i64::try_from(retry.delay.as_millis()).unwrap_or(i64::MAX);
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
        ("x-message-ttl", AMQPValue::LongLongInt(ttl)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(retry.work_queue)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(ShortString::from(key), value);
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
