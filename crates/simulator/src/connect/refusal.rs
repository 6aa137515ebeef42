//! Salto's "no": status, `ErrorCode` and message of each. [M]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{empty_answer, json_answer};
use crate::cloud::Cloud;
use crate::world::ErrorCodes;

/// What came of a command, as the records name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Opened,
    Unauthorized,
    Forbidden,
    IdInvalid,
    BadRequest,
    NotFound,
    OtpMissing,
    OtpInvalid,
    OtpBlocked,
    PinNotChanged,
    IqOffline,
    /// A fault answered, and nothing happened.
    Fault,
}

impl Verdict {
    pub(crate) const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Opened | Self::Fault => None,
            Self::Unauthorized => Some(Refusal::unauthorized()),
            Self::Forbidden => Some(Refusal::new(StatusCode::FORBIDDEN, 2203, "Missing right")),
            Self::IdInvalid => Some(Refusal::new(StatusCode::BAD_REQUEST, 1100, "Invalid id")),
            Self::BadRequest => {
                Some(Refusal::new(StatusCode::BAD_REQUEST, 1101, "Invalid parameter"))
            }
            Self::NotFound => Some(Refusal::new(StatusCode::NOT_FOUND, 1000, "Not found")),
            Self::OtpMissing => Some(Refusal::new(StatusCode::NOT_FOUND, 2202, "Otp is invalid")),
            Self::OtpInvalid => Some(Refusal::new(StatusCode::BAD_REQUEST, 3102, "otp_invalid")),
            Self::OtpBlocked => Some(Refusal::new(StatusCode::FORBIDDEN, 3102, "otp_blocked")),
            Self::PinNotChanged => {
                Some(Refusal::new(StatusCode::BAD_REQUEST, 3102, "pin_not_changed"))
            }
            Self::IqOffline => Some(Refusal::new(StatusCode::BAD_REQUEST, 3102, "iq_offline")),
        }
    }
}

/// An error answer. Rendered at the way out, where the form of the code is chosen.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: Option<(u16, &'static str)>,
}

impl Refusal {
    pub(crate) const fn new(status: StatusCode, code: u16, message: &'static str) -> Self {
        Self { status, error: Some((code, message)) }
    }

    pub(crate) const fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: None }
    }
}

impl From<Verdict> for Refusal {
    /// Of a verdict that is a refusal; the others never get here.
    fn from(verdict: Verdict) -> Self {
        verdict.refusal().unwrap_or(Self::new(StatusCode::BAD_REQUEST, 1101, "Invalid parameter"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = empty_answer(self.status);
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives a refusal its body.
pub(crate) async fn render(State(cloud): State<Arc<Cloud>>, response: Response) -> Response {
    let Some(refusal) = response.extensions().get::<Refusal>().copied() else { return response };
    let Some((code, message)) = refusal.error else {
        let mut response = response;
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    let body = json!({"ErrorCode": code_in_form(&cloud, code), "Message": message});
    json_answer(refusal.status, &body)
}

fn code_in_form(cloud: &Cloud, code: u16) -> Value {
    let mut live = cloud.live();
    let as_number = match live.world.settings.error_codes {
        ErrorCodes::String => false,
        ErrorCodes::Number => true,
        ErrorCodes::Alternate => live.next_error().is_multiple_of(2),
    };
    if as_number { json!(code) } else { json!(code.to_string()) }
}
