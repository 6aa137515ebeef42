//! `x-death`: what the broker notes of a message each time it dead-letters it.

use chrono::{DateTime, Utc};
use lapin::types::{AMQPValue, FieldArray, FieldTable};

use crate::headers::{integer, retain, text};

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
pub(crate) fn forget(headers: &mut FieldTable, which: impl Fn(&str) -> bool) {
    // The first and the latest death are told once more, in three headers each.
    for (queue, of_one) in
        [("x-first-death-queue", "x-first-death-"), ("x-last-death-queue", "x-last-death-")]
    {
        if text(headers, queue).is_some_and(|queue| which(&queue)) {
            *headers = retain(headers, |name| !name.starts_with(of_one));
        }
    }
    keep(headers, |death| match death {
        AMQPValue::FieldTable(death) => !text(death, "queue").is_some_and(|queue| which(&queue)),
        _ => true,
    });
}

/// Takes out what was not written by a broker. RabbitMQ 3.10 reads the deaths when it dead-letters
/// the message once more, and trips over an odd one each time it tries again: the queue stands
/// still, and after a few attempts so does dead-lettering in the whole broker.
pub(crate) fn forget_odd(headers: &mut FieldTable) {
    keep(headers, |death| {
        let AMQPValue::FieldTable(death) = death else { return false };
        let is_text = |name| matches!(death.inner().get(name), Some(AMQPValue::LongString(_)));
        let count = death.inner().get("count");
        is_text("queue") && is_text("reason") && count.is_none_or(|count| integer(count).is_some())
    });
}

/// Leaves the deaths that `which` says yes to, and no header where there are none.
fn keep(headers: &mut FieldTable, which: impl Fn(&AMQPValue) -> bool) {
    let Some(AMQPValue::FieldArray(deaths)) = headers.inner().get(HEADER) else { return };
    let kept: Vec<_> = deaths.as_slice().iter().filter(|death| which(death)).cloned().collect();
    if kept.len() == deaths.as_slice().len() {
        return;
    }
    *headers = retain(headers, |name| name != HEADER);
    if !kept.is_empty() {
        headers.insert(HEADER.into(), AMQPValue::FieldArray(FieldArray::from(kept)));
    }
}

fn in_queue<'a>(death: &'a AMQPValue, queue: &str) -> Option<&'a FieldTable> {
    let AMQPValue::FieldTable(death) = death else { return None };
    (text(death, "queue").as_deref() == Some(queue)).then_some(death)
}
