//! The specification of a fault, as the control API takes and shows it, and its check.

use std::time::Duration;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::call::CallKind;
use crate::wire::json_name;

const DEFAULT_HOLD_MS: u64 = 30_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// A late answer.
    Delay,
    /// An answer with another status.
    Status,
    /// 429 with `Retry-After`.
    RateLimit,
    /// RST in place of the answer.
    Reset,
    /// No answer: the connection stays open for a time and is then closed.
    NoAnswer,
    /// The head and half the body of the real answer, then the end of the connection.
    HalfAnswer,
    /// The call is carried out, then RST.
    OpenedThenDropped,
    /// 404 for every call to the identity host (`docs/salto-ks.md`, Environments).
    IdentityGone,
}

/// The calls that a fault applies to.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", untagged)]
pub(crate) enum CallFilter {
    Group(CallGroup),
    Kind(CallKind),
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallGroup {
    Any,
    Identity,
}

impl TryFrom<String> for CallFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "any" => Ok(Self::Group(CallGroup::Any)),
            "identity" => Ok(Self::Group(CallGroup::Identity)),
            kind => {
                let kind: Result<_, serde::de::value::Error> =
                    CallKind::deserialize(kind.into_deserializer());
                kind.map(Self::Kind).map_err(|error| format!("call: {error}, `any`, `identity`"))
            }
        }
    }
}

impl CallFilter {
    pub(crate) fn includes(self, kind: CallKind) -> bool {
        match self {
            Self::Group(CallGroup::Any) => true,
            Self::Group(CallGroup::Identity) => kind.is_identity(),
            Self::Kind(only) => only == kind,
        }
    }
}

/// The body of `POST /control/faults`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    pub(crate) kind: FaultKind,
    #[serde(default = "any_call")]
    pub(crate) call: CallFilter,
    /// Only requests with this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lock: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iq: Option<Uuid>,
    /// Only calls for this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// The number of calls that the fault applies to; without end when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    /// Whether the call takes effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carried_out: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// `ErrorCode` as given, text or number; for calls to the identity host `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The whole body, as it is sent, in place of one with `error_code` and `message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    /// The `Content-Type` of `body`; `text/html` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    /// Seconds, or the text of the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<Value>,
}

impl FaultSpec {
    /// # Errors
    /// The member that is missing, out of range or not allowed with this kind.
    pub(crate) fn check(&self) -> Result<(), String> {
        let kind = self.kind;
        let (answers, can_carry_out) = match kind {
            FaultKind::Status | FaultKind::RateLimit => (true, true),
            FaultKind::Delay | FaultKind::Reset | FaultKind::NoAnswer => (false, true),
            FaultKind::HalfAnswer | FaultKind::OpenedThenDropped | FaultKind::IdentityGone => {
                (false, false)
            }
        };
        for (member, given, fits) in [
            ("delay_ms", self.delay_ms.is_some(), kind == FaultKind::Delay),
            ("hold_ms", self.hold_ms.is_some(), kind == FaultKind::NoAnswer),
            ("status", self.status.is_some(), kind == FaultKind::Status),
            ("error_code", self.error_code.is_some(), answers),
            ("message", self.message.is_some(), answers),
            ("body", self.body.is_some(), answers),
            ("content_type", self.content_type.is_some(), answers),
            ("retry_after", self.retry_after.is_some(), answers),
            ("carried_out", self.carried_out.is_some(), can_carry_out),
        ] {
            if given && !fits {
                return Err(format!("{member} is not allowed with kind {}", json_name(&kind)));
            }
        }
        if kind == FaultKind::Delay && self.delay_ms.is_none() {
            return Err("kind delay needs delay_ms".to_owned());
        }
        if kind == FaultKind::Status {
            match self.status {
                None => return Err("kind status needs a status from 200 to 599".to_owned()),
                Some(200..600) => {}
                Some(other) => return Err(format!("status must be 200 to 599, not {other}")),
            }
        }
        if self.times == Some(0) {
            return Err("times must be 1 or more, not 0".to_owned());
        }
        match &self.error_code {
            None | Some(Value::String(_) | Value::Number(_)) => {}
            Some(other) => return Err(format!("error_code must be text or a number, not {other}")),
        }
        self.check_body()?;
        match &self.retry_after {
            None => Ok(()),
            Some(Value::Number(seconds)) if seconds.is_u64() => Ok(()),
            Some(Value::String(text)) if is_header_text(text) => Ok(()),
            Some(other) => Err(format!(
                "retry_after must be whole seconds or text of printable ASCII, not {other}"
            )),
        }
    }

    fn check_body(&self) -> Result<(), String> {
        if self.body.is_some() && (self.error_code.is_some() || self.message.is_some()) {
            return Err("body is not allowed with error_code or message".to_owned());
        }
        match &self.content_type {
            None => Ok(()),
            Some(_) if self.body.is_none() => Err("content_type needs a body".to_owned()),
            Some(text) if is_header_text(text) => Ok(()),
            Some(text) => {
                Err(format!("content_type must be text of printable ASCII, not {text:?}"))
            }
        }
    }

    /// Whether the call takes effect in spite of the fault.
    pub(crate) fn is_carried_out(&self) -> bool {
        match self.kind {
            FaultKind::HalfAnswer | FaultKind::OpenedThenDropped => true,
            FaultKind::Delay
            | FaultKind::Status
            | FaultKind::RateLimit
            | FaultKind::Reset
            | FaultKind::NoAnswer
            | FaultKind::IdentityGone => self.carried_out.unwrap_or(false),
        }
    }

    /// How long the connection stays open without an answer.
    pub(crate) fn hold(&self) -> Duration {
        Duration::from_millis(self.hold_ms.unwrap_or(DEFAULT_HOLD_MS))
    }
}

/// Whether a text can be the value of a header.
fn is_header_text(text: &str) -> bool {
    text.bytes().all(|byte| (32..127).contains(&byte))
}

fn any_call() -> CallFilter {
    CallFilter::Group(CallGroup::Any)
}
