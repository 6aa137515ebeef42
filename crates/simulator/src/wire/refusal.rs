//! Refusals of the Connect API, each with its status, `ErrorCode` and message
//! (`docs/salto-ks.md`, Connect API).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::answer::empty_answer;

/// Why the Connect API refuses a call. It serialises to the name in the records of commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    Unauthorized,
    Forbidden,
    IdInvalid,
    BadRequest,
    /// The body is not sent as JSON.
    #[serde(rename = "bad_request")]
    UnsupportedMediaType,
    #[serde(rename = "not_found")]
    UserNotFound,
    #[serde(rename = "not_found")]
    SiteNotFound,
    #[serde(rename = "not_found")]
    IqNotFound,
    #[serde(rename = "not_found")]
    LockNotFound,
    OtpMissing,
    OtpInvalid,
    OtpBlocked,
    /// The OTP is right, and the user is not activated at the IQ.
    PinNotChanged,
    IqOffline,
    /// The lock does not reach its IQ.
    LockOffline,
    /// The lock has no IQ.
    LockWithoutIq,
    /// Privacy mode is on at the lock.
    PrivacyMode,
    /// The secret is asked for after the activation.
    #[serde(rename = "forbidden")]
    SecretOfActivatedIq,
    /// The PIN is asked for after the activation.
    #[serde(rename = "forbidden")]
    PinOfActivatedIq,
}

/// What a refusal answers.
pub(crate) struct RefusalAnswer {
    pub(crate) status: StatusCode,
    /// None: the answer has no body.
    pub(crate) error: Option<ErrorMembers>,
}

/// The members of an error body.
pub(crate) struct ErrorMembers {
    pub(crate) code: u16,
    pub(crate) message: &'static str,
}

impl Refusal {
    pub(crate) const fn answer(self) -> RefusalAnswer {
        match self {
            Self::Unauthorized => RefusalAnswer { status: StatusCode::UNAUTHORIZED, error: None },
            Self::Forbidden => error(StatusCode::FORBIDDEN, 2203, "Missing right"),
            Self::IdInvalid => error(StatusCode::BAD_REQUEST, 1100, "Invalid id"),
            Self::BadRequest => error(StatusCode::BAD_REQUEST, 1101, "Invalid parameter"),
            Self::UnsupportedMediaType => {
                error(StatusCode::UNSUPPORTED_MEDIA_TYPE, 1101, "Unsupported media type")
            }
            Self::UserNotFound => error(StatusCode::NOT_FOUND, 2202, "User not found"),
            Self::SiteNotFound => error(StatusCode::NOT_FOUND, 2202, "Site not found"),
            Self::IqNotFound => error(StatusCode::NOT_FOUND, 2202, "Iq not found"),
            Self::LockNotFound => error(StatusCode::NOT_FOUND, 2202, "Lock not found"),
            Self::OtpMissing => error(StatusCode::NOT_FOUND, 2202, "Otp is invalid"),
            Self::OtpInvalid => error(StatusCode::BAD_REQUEST, 3102, "otp_invalid"),
            Self::OtpBlocked => error(StatusCode::FORBIDDEN, 3102, "otp_blocked"),
            Self::PinNotChanged => error(StatusCode::BAD_REQUEST, 3102, "pin_not_changed"),
            Self::IqOffline => error(StatusCode::BAD_REQUEST, 3102, "iq_offline"),
            // What the IQ answers is not public (docs/salto-ks.md, Connect API): decisions.
            Self::LockOffline => error(
                StatusCode::BAD_REQUEST,
                3102,
                "Request execution failed with code: lock_offline",
            ),
            Self::LockWithoutIq => error(
                StatusCode::BAD_REQUEST,
                3102,
                "Request execution failed with code: lock_not_connected",
            ),
            Self::PrivacyMode => error(
                StatusCode::BAD_REQUEST,
                3102,
                "Request execution failed with code: lock_in_privacy_mode",
            ),
            Self::SecretOfActivatedIq => error(
                StatusCode::FORBIDDEN,
                2203,
                "Cannot get first secret for an already activated Iq",
            ),
            Self::PinOfActivatedIq => error(StatusCode::FORBIDDEN, 3102, "command_forbidden"),
        }
    }

    /// Whether the refusal leaves a row in the event log. Rejected OTPs leave none (`docs/salto-ks.md`, Connect API);
    /// that privacy mode leaves one is a decision.
    pub(crate) fn has_log_row(self) -> bool {
        match self {
            Self::PrivacyMode => true,
            Self::Unauthorized
            | Self::Forbidden
            | Self::IdInvalid
            | Self::BadRequest
            | Self::UnsupportedMediaType
            | Self::UserNotFound
            | Self::SiteNotFound
            | Self::IqNotFound
            | Self::LockNotFound
            | Self::OtpMissing
            | Self::OtpInvalid
            | Self::OtpBlocked
            | Self::PinNotChanged
            | Self::IqOffline
            | Self::LockOffline
            | Self::LockWithoutIq
            | Self::SecretOfActivatedIq
            | Self::PinOfActivatedIq => false,
        }
    }
}

const fn error(status: StatusCode, code: u16, message: &'static str) -> RefusalAnswer {
    RefusalAnswer { status, error: Some(ErrorMembers { code, message }) }
}

/// The response has the status and carries the refusal as an extension. Its body is added by the
/// middleware `error_body`, because the form of the `ErrorCode` is a setting of the cloud.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = empty_answer(self.answer().status);
        response.extensions_mut().insert(self);
        response
    }
}
