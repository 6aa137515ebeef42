//! What a listing shows of a dead letter, and keeps of it.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use events::limits;
use publisher::{DeadLetterHeaders, ReceivedMessage};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// As long as postern writes them. Bytes.
const DETAIL_MAX: usize = 1024;

/// A text that many letters share.
pub(super) type Shared = Arc<str>;

/// One dead letter without its body. Small, for there may be a hundred thousand.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Facts {
    pub(super) id: Uuid,
    /// The event's type, as the body says, or else the message.
    #[serde(rename = "type")]
    pub(super) kind: Option<Shared>,
    pub(super) reason: Shared,
    pub(super) integration_id: Option<Shared>,
    #[serde(serialize_with = "rfc3339")]
    pub(super) failed_at: Option<DateTime<Utc>>,
    pub(super) queue: Option<Shared>,
    pub(super) replays: i64,
    pub(super) attempts: Option<i64>,
    pub(super) detail: Option<Shared>,
    pub(super) booking_id: Option<Box<str>>,
    /// The id of the event in the body.
    pub(super) event_id: Option<Box<str>>,
    /// The time of the event in the body, as it stands there.
    pub(super) time: Option<Box<str>>,
    /// The body's size.
    pub(super) bytes: usize,
}

/// Reads letters; remembers texts that come again and again.
#[derive(Debug, Default)]
pub(super) struct Reader {
    shared: HashSet<Shared>,
}

impl Reader {
    /// What is to be said of a letter, whatever state it is in.
    pub(super) fn read(
        &mut self,
        id: Uuid,
        letter: &ReceivedMessage,
        label: DeadLetterHeaders,
    ) -> Facts {
        let event = event(&letter.body);
        let member = |name: &str| event[name].as_str().map(clipped);
        let datum = |name: &str| event["data"][name].as_str().map(clipped);
        let kind = letter.properties.kind().as_ref().map(|kind| kind.as_str());
        Facts {
            id,
            kind: member("type").or(kind).map(|kind| self.share(kind)),
            reason: self.share(clipped(label.reason.as_str())),
            integration_id: datum("integration_id").map(|id| self.share(id)),
            failed_at: label.failed_at,
            queue: label.queue.map(|queue| self.share(clipped(&queue))),
            replays: label.replays,
            attempts: label.attempts,
            detail: label.detail.map(|detail| self.share(clipped_to(DETAIL_MAX, &detail))),
            booking_id: datum("booking_id").map(Box::from),
            event_id: member("id").map(Box::from),
            time: member("time").map(Box::from),
            bytes: letter.body.len(),
        }
    }

    fn share(&mut self, text: &str) -> Shared {
        if let Some(known) = self.shared.get(text) {
            return Arc::clone(known);
        }
        let text = Shared::from(text);
        self.shared.insert(Arc::clone(&text));
        text
    }
}

/// The body read kindly: a letter is here because something is wrong with it.
fn event(body: &[u8]) -> Value {
    if body.len() > limits::BODY {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_default()
}

/// No longer than the contract allows: a letter may hold anything.
fn clipped(text: &str) -> &str {
    clipped_to(limits::ID, text)
}

fn clipped_to(bytes: usize, text: &str) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn rfc3339<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    text.serialize(serializer)
}
