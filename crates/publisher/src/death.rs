//! `x-death`: what the broker notes of a message each time it dead-letters it.

use chrono::{DateTime, Utc};
use lapin::types::{AMQPValue, FieldArray, FieldTable};

use crate::headers::{retain, text};

const HEADER: &str = "x-death";

/// One death.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Death {
    /// The exchange the message had been published to.
    pub(crate) exchange: Option<String>,
    /// The routing key it had been published with.
    pub(crate) routing_key: Option<String>,
    /// When, to the second.
    pub(crate) time: Option<DateTime<Utc>>,
}

impl Death {
    /// The latest death in this queue.
    pub(crate) fn latest(headers: &FieldTable, queue: &str) -> Option<Self> {
        let AMQPValue::FieldArray(deaths) = headers.inner().get(HEADER)? else { return None };
        let death = deaths.as_slice().iter().find_map(|death| in_queue(death, queue))?;
        let routing_key = match death.inner().get("routing-keys") {
            Some(AMQPValue::FieldArray(keys)) => match keys.as_slice().first() {
                Some(AMQPValue::LongString(key)) => Some(key.to_string()),
                _ => None,
            },
            _ => None,
        };
        let time = match death.inner().get("time") {
            Some(AMQPValue::Timestamp(seconds)) => i64::try_from(*seconds)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
            _ => None,
        };
        Some(Self { exchange: text(death, "exchange"), routing_key, time })
    }
}

/// Takes the deaths in these queues out of the headers.
///
/// A message that is dead-lettered *to* a queue in which it has died before, as out of a retry
/// queue, looks to RabbitMQ 3 as if it went in a circle, and is dropped without a word.
pub(crate) fn forget(headers: &mut FieldTable, which: impl Fn(&str) -> bool) {
    let of_these = |table: &FieldTable, name| text(table, name).is_some_and(|queue| which(&queue));
    // The first and the latest death are told once more, in three headers each.
    for (queue, of_one) in
        [("x-first-death-queue", "x-first-death-"), ("x-last-death-queue", "x-last-death-")]
    {
        if of_these(headers, queue) {
            *headers = retain(headers, |name| !name.starts_with(of_one));
        }
    }
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get(HEADER) else { return };
    let mut others = FieldArray::default();
    for death in deaths.as_slice() {
        match death {
            AMQPValue::FieldTable(table) if of_these(table, "queue") => {}
            other => others.push(other.clone()),
        }
    }
    *headers = retain(headers, |name| name != HEADER);
    if !others.as_slice().is_empty() {
        headers.insert(HEADER.into(), AMQPValue::FieldArray(others));
    }
}

fn in_queue<'a>(death: &'a AMQPValue, queue: &str) -> Option<&'a FieldTable> {
    let AMQPValue::FieldTable(death) = death else { return None };
    (text(death, "queue").as_deref() == Some(queue)).then_some(death)
}
