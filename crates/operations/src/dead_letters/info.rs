//! The information about a dead letter that a listing shows and keeps in memory.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, SecondsFormat, Utc};
use events::limits;
use publisher::{DeadLetterHeaders, ReceivedMessage};
use serde::{Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest detail that postern writes, in bytes.
const DETAIL_MAX: usize = 1024;

/// A text that many dead letters have in common.
pub type SharedText = Arc<str>;

/// One dead letter without its body. It is small, because there may be a hundred thousand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeadLetterInfo {
    /// The id, which is the same whenever the letter is read.
    pub id: Uuid,
    /// The type of the event, from the body, or else from the message.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>)]
    pub kind: Option<SharedText>,
    /// The reason.
    #[schema(value_type = String)]
    pub reason: SharedText,
    /// The integration in the body.
    #[schema(value_type = Option<String>)]
    pub integration_id: Option<SharedText>,
    /// When it became a dead letter.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub failed_at: Option<DateTime<Utc>>,
    /// The queue that it was in before.
    #[schema(value_type = Option<String>)]
    pub queue: Option<SharedText>,
    /// How often it was replayed.
    pub replays: i64,
    /// The attempts before it became a dead letter.
    pub attempts: Option<i64>,
    /// The reason as text.
    #[schema(value_type = Option<String>)]
    pub detail: Option<SharedText>,
    /// The booking in the body.
    #[schema(value_type = Option<String>)]
    pub booking_id: Option<Box<str>>,
    /// The id of the event in the body.
    #[schema(value_type = Option<String>)]
    pub event_id: Option<Box<str>>,
    /// The time of the event in the body, unchanged.
    #[schema(value_type = Option<String>)]
    pub time: Option<Box<str>>,
    /// The size of the body.
    pub bytes: u64,
}

/// Reads the information, and keeps each shared text once.
#[derive(Debug, Default)]
pub(super) struct InfoReader {
    texts: HashSet<SharedText>,
}

impl InfoReader {
    /// The information about a dead letter of any content.
    pub(super) fn read(
        &mut self,
        id: Uuid,
        letter: &ReceivedMessage,
        headers: DeadLetterHeaders,
    ) -> DeadLetterInfo {
        let event = event(&letter.body);
        let member = |name: &str| event[name].as_str().map(clipped);
        let data_member = |name: &str| event["data"][name].as_str().map(clipped);
        let kind = letter.properties.kind().as_ref().map(|kind| kind.as_str());
        DeadLetterInfo {
            id,
            kind: member("type").or(kind).map(|kind| self.share(kind)),
            reason: self.share(clipped(headers.reason.as_str())),
            integration_id: data_member("integration_id").map(|id| self.share(id)),
            failed_at: headers.failed_at,
            queue: headers.queue.map(|queue| self.share(clipped(&queue))),
            replays: headers.replays,
            attempts: headers.attempts,
            detail: headers.detail.map(|detail| self.share(clipped_to(DETAIL_MAX, &detail))),
            booking_id: data_member("booking_id").map(Box::from),
            event_id: member("id").map(Box::from),
            time: member("time").map(Box::from),
            bytes: letter
                .body_left_out()
                .unwrap_or_else(|| u64::try_from(letter.body.len()).unwrap_or(u64::MAX)),
        }
    }

    fn share(&mut self, text: &str) -> SharedText {
        if let Some(existing) = self.texts.get(text) {
            return Arc::clone(existing);
        }
        let text = SharedText::from(text);
        self.texts.insert(Arc::clone(&text));
        text
    }
}

/// The body as JSON, or null: a dead letter may be malformed.
fn event(body: &[u8]) -> Value {
    if body.len() > limits::BODY {
        return Value::Null;
    }
    serde_json::from_slice(body).unwrap_or_default()
}

/// The text, cut to the longest id (docs/contract.md, Events): a dead letter may contain anything.
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
