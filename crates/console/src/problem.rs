//! Problem details (RFC 9457): the one form of every error.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use config::{ChangeError, MistakeReport};
use consumer::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not answered as asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `status` and `code` say what it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The meaning of the status.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// The problem for programs, such as `not_signed_in`.
    code: &'static str,
    /// The problem for people: what is wrong, and what to do.
    detail: String,
    /// All mistakes in what was sent, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<String>,
    /// Seconds until trying again makes sense.
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            mistakes: Vec::new(),
            retry_after: None,
        }
    }

    /// The problem of a status that something outside of the handlers answered.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this address does not take this method: the header Allow has those it takes",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("too_large", "the body is too large: 256 KiB are allowed")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported_media_type",
                "the body must be application/json, and say so in Content-Type",
            ),
            status if status.is_server_error() => {
                ("internal", "the console could not answer; its log says why")
            }
            _ => ("bad_request", "the request cannot be read"),
        };
        Self::new(status, code, detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// The integration is not known, or not one of those that the caller may see; the answer does not tell which.
    pub(crate) fn unknown_integration(id: &str) -> Self {
        Self::not_found(format!("there is no integration {id:?} that you may see"))
    }

    pub(crate) fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// With the seconds after which it makes sense to try again.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn title(&self) -> &str {
        self.title
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<MistakeReport> for Problem {
    fn from(report: MistakeReport) -> Self {
        let mistakes: Vec<String> = report.by_path().map(|it| it.to_string()).collect();
        let detail = match mistakes.len() {
            1 => "the integration has a mistake".to_owned(),
            count => format!("the integration has {count} mistakes"),
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { mistakes, ..Self::new(status, "mistakes", detail) }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let text = error.to_string();
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, text.clone());
        match error {
            ChangeError::Mistakes(report) => report.into(),
            ChangeError::OfFile { .. } => conflict("of_file"),
            ChangeError::Unknown { .. } => Self::not_found(text),
            ChangeError::VersionMissing { .. } => conflict("version_missing"),
            ChangeError::Newer { .. } | ChangeError::Contested { .. } => {
                conflict("changed_meanwhile")
            }
            ChangeError::Removed { .. } => conflict("removed_meanwhile"),
            ChangeError::Store(error) => error.into(),
            ChangeError::Unconfirmed(_) => Self::unavailable("unconfirmed", text),
            ChangeError::SecretsKey(_) | ChangeError::RedisUrl(_) => {
                tracing::error!(%text, "console: integration not changed");
                Self::unavailable("secrets_unusable", text)
            }
            ChangeError::Audit(_) => Self::unavailable("audit_unavailable", text).retry_after(5),
            ChangeError::AuditLineLost { .. } => {
                tracing::error!(%text, "console: audit line lost");
                Self::unavailable(
                    "audit_line_lost",
                    "the change is in effect, and its line of the audit could not be written: the console's log has it",
                )
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Away(_) => {
                tracing::warn!(%error, "console: Redis cannot be used");
                let detail =
                    "Redis does not answer now; the console works again as soon as it does";
                Self::unavailable("redis_unavailable", detail).retry_after(5)
            }
            StoreError::Record(_) => {
                tracing::error!(%error, "console: a record cannot be read");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // Pages show it in their own form.
        response.extensions_mut().insert(self);
        response
    }
}
