//! The answers of postern.

use serde::Serialize;
use serde_json::Value;

/// The event that ends a request.
#[derive(Clone, Serialize)]
pub(crate) struct RingAnswer {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// That of a door that was not opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl RingAnswer {
    /// Whether a door has opened: an answer of an integration that rehearses has opened none.
    pub(crate) fn is_opened(&self) -> bool {
        self.kind == "lock.opened.v1"
    }
}

/// The id of the request that this event ends, and the answer; none where it ends none.
pub(super) fn answer_of(event: &Value) -> Option<(&str, RingAnswer)> {
    let kind = event["type"].as_str()?;
    let answers = ["lock.opened.v1", "lock.open-rejected.v1", "lock.open-failed.v1"];
    if !answers.contains(&kind.strip_prefix("rehearsal.").unwrap_or(kind)) {
        return None;
    }
    let data = &event["data"];
    let text = |member: &str| data[member].as_str().map(str::to_owned);
    let answer =
        RingAnswer { kind: kind.to_owned(), reason: text("reason"), detail: text("detail") };
    Some((data["request_id"].as_str()?, answer))
}
