//! The header `x-death`: the broker's records of a message's dead-letterings.

use chrono::{DateTime, Utc};
use lapin::types::{AMQPValue, FieldArray, FieldTable};

use super::header_fields::{integer, retain, text};

const HEADER: &str = "x-death";

/// The broker's reason for a message that expired.
const EXPIRED: &str = "expired";

/// The broker's reason for a message that a consumer has rejected.
const REJECTED: &str = "rejected";

/// One record of the header `x-death`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct XDeathRecord {
    /// The reason, in the words of the broker.
    pub(crate) reason: Option<String>,
    /// The exchange to which the message had been published.
    pub(crate) exchange: Option<String>,
    /// The routing key with which it had been published.
    pub(crate) routing_key: Option<String>,
    /// The time, to the second.
    pub(crate) time: Option<DateTime<Utc>>,
}

impl XDeathRecord {
    /// The latest record of this queue.
    pub(crate) fn latest(headers: &FieldTable, queue: &str) -> Option<Self> {
        let AMQPValue::FieldArray(records) = headers.inner().get(HEADER)? else { return None };
        let record = records.as_slice().iter().find_map(|record| of_queue(record, queue))?;
        let routing_key = match record.inner().get("routing-keys") {
            Some(AMQPValue::FieldArray(keys)) => match keys.as_slice().first() {
                Some(AMQPValue::LongString(key)) => Some(key.to_string()),
                _ => None,
            },
            _ => None,
        };
        let time = match record.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => i64::try_from(*seconds)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            _ => None,
        };
        let (reason, exchange) = (text(record, "reason"), text(record, "exchange"));
        Some(Self { reason, exchange, routing_key, time })
    }

    /// Whether the message expired.
    pub(crate) fn is_expiry(&self) -> bool {
        self.reason.as_deref() == Some(EXPIRED)
    }

    /// Whether a consumer has rejected the message.
    pub(crate) fn is_rejection(&self) -> bool {
        self.reason.as_deref() == Some(REJECTED)
    }
}

/// Removes the records of the queues that `which` names.
pub(crate) fn remove_queues(headers: &mut FieldTable, which: impl Fn(&str) -> bool) {
    // The broker repeats the first and the latest record in three more headers each.
    for (queue, prefix) in
        [("x-first-death-queue", "x-first-death-"), ("x-last-death-queue", "x-last-death-")]
    {
        if text(headers, queue).is_some_and(|queue| which(&queue)) {
            *headers = retain(headers, |name| !name.starts_with(prefix));
        }
    }
    keep(headers, |record| match record {
        AMQPValue::FieldTable(record) => !text(record, "queue").is_some_and(|queue| which(&queue)),
        _ => true,
    });
}

/// Removes the records that no broker has written. RabbitMQ 3.10 reads the records when it
/// dead-letters the message again, and fails on a malformed one at each attempt: the queue stops, and
/// after a few attempts dead-lettering stops in the whole broker.
pub(crate) fn remove_malformed(headers: &mut FieldTable) {
    keep(headers, |record| {
        let AMQPValue::FieldTable(record) = record else { return false };
        let is_text = |name| matches!(record.inner().get(name), Some(AMQPValue::LongString(_)));
        let count = record.inner().get("count");
        is_text("queue") && is_text("reason") && count.is_none_or(|count| integer(count).is_some())
    });
}

/// Keeps the records for which `which` is true, and removes the header where none is left.
fn keep(headers: &mut FieldTable, which: impl Fn(&AMQPValue) -> bool) {
    let Some(AMQPValue::FieldArray(records)) = headers.inner().get(HEADER) else { return };
    let kept: Vec<_> = records.as_slice().iter().filter(|record| which(record)).cloned().collect();
    if kept.len() == records.as_slice().len() {
        return;
    }
    *headers = retain(headers, |name| name != HEADER);
    if !kept.is_empty() {
        headers.insert(HEADER.into(), AMQPValue::FieldArray(FieldArray::from(kept)));
    }
}

fn of_queue<'a>(record: &'a AMQPValue, queue: &str) -> Option<&'a FieldTable> {
    let AMQPValue::FieldTable(record) = record else { return None };
    (text(record, "queue").as_deref() == Some(queue)).then_some(record)
}
