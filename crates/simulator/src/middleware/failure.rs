//! What a fault other than a delay puts in place of the answer.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::faults::{CallKind, FaultKind, FaultSpec, WireStatus};
use crate::wire::{AnswerEnding, ConnectionControl, empty_answer, json_answer, text_answer};

/// `Retry-After` of the fault `rate_limit` where none is given, in seconds.
const DEFAULT_RETRY_AFTER: &str = "1";

/// `Content-Type` of a fault's `body` where none is given.
const DEFAULT_CONTENT_TYPE: &str = "text/html";

/// The status that the caller receives under this fault.
pub(super) fn wire_status(fault: &FaultSpec) -> WireStatus {
    match fault.kind {
        FaultKind::Delay | FaultKind::HalfAnswer => WireStatus::Unchanged,
        FaultKind::Status => WireStatus::Replaced(fault.status.unwrap_or(500)),
        FaultKind::RateLimit => WireStatus::Replaced(429),
        FaultKind::IdentityGone => WireStatus::Replaced(404),
        FaultKind::Reset | FaultKind::NoAnswer | FaultKind::OpenedThenDropped => WireStatus::None,
    }
}

/// The answer under this fault, in place of `answer`.
pub(super) async fn fail(
    fault: &FaultSpec,
    call: CallKind,
    connection: &ConnectionControl,
    answer: Response,
) -> Response {
    if let WireStatus::Replaced(status) = wire_status(fault) {
        return error_answer(fault, call, status);
    }
    match fault.kind {
        FaultKind::Delay | FaultKind::Status | FaultKind::RateLimit | FaultKind::IdentityGone => {}
        FaultKind::Reset | FaultKind::OpenedThenDropped => connection.set(AnswerEnding::Reset),
        FaultKind::HalfAnswer => connection.set(AnswerEnding::Half),
        FaultKind::NoAnswer => {
            tokio::time::sleep(fault.hold()).await;
            connection.set(AnswerEnding::Close);
        }
    }
    answer
}

fn error_answer(fault: &FaultSpec, call: CallKind, status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (code_member, message_member) =
        if call.is_identity() { ("error", "error_description") } else { ("ErrorCode", "Message") };
    let mut response = match (&fault.body, &fault.error_code, &fault.message) {
        (Some(body), _, _) => {
            let content_type = fault.content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE);
            text_answer(status, content_type, body)
        }
        (None, None, None) => empty_answer(status),
        (None, code, message) => {
            json_answer(status, &json!({code_member: code, message_member: message}))
        }
    };
    let retry_after = match &fault.retry_after {
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => (fault.kind == FaultKind::RateLimit).then(|| DEFAULT_RETRY_AFTER.to_owned()),
    };
    if let Some(Ok(value)) = retry_after.map(|text| HeaderValue::from_str(&text)) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
