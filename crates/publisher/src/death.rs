//! `x-death`: what the broker notes of a message each time it dead-letters it.

use chrono::{DateTime, Utc};
use lapin::types::{AMQPValue, FieldArray, FieldTable};

use crate::label::text;

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

/// Takes the deaths in `queue` out of the headers. A message that carries one and is later
/// dead-lettered *to* that queue, as out of a retry queue, looks to RabbitMQ 3 as if it went in a
/// circle, and is dropped without a word.
pub(crate) fn forget(headers: &mut FieldTable, queue: &str) {
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get(HEADER) else { return };
    let others = deaths.as_slice().iter().filter(|death| in_queue(death, queue).is_none());
    let others: Vec<AMQPValue> = others.cloned().collect();
    if others.len() == deaths.as_slice().len() {
        return;
    }
    let kept = headers.inner().iter().filter(|(name, _)| name.as_str() != HEADER);
    let mut remaining = FieldTable::default();
    for (name, value) in kept {
        remaining.insert(name.clone(), value.clone());
    }
    if !others.is_empty() {
        remaining.insert(HEADER.into(), AMQPValue::FieldArray(FieldArray::from(others)));
    }
    *headers = remaining;
}

fn in_queue<'a>(death: &'a AMQPValue, queue: &str) -> Option<&'a FieldTable> {
    let AMQPValue::FieldTable(death) = death else { return None };
    (text(death, "queue").as_deref() == Some(queue)).then_some(death)
}
