//! A fault as the control API takes and shows it, refused where it makes no sense.

use std::time::Duration;

use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::call::CallKind;

const DEFAULT_HOLD_MS: u64 = 30_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The answer comes late.
    Delay,
    /// Another answer than the real one.
    Status,
    /// 429 with `Retry-After`.
    RateLimit,
    /// RST in place of an answer.
    Reset,
    /// The connection is held, then closed without an answer.
    NoAnswer,
    /// The real answer's head and half its body, then the end of the connection.
    HalfAnswer,
    /// The call is carried out, then RST.
    OpenedThenDropped,
    /// The identity host answers 404 to everything. [M]
    IdentityGone,
}

/// Which calls a fault hits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", untagged)]
pub(crate) enum Calls {
    Group(CallGroup),
    Kind(CallKind),
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallGroup {
    Any,
    Identity,
}

impl TryFrom<String> for Calls {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "any" => Ok(Self::Group(CallGroup::Any)),
            "identity" => Ok(Self::Group(CallGroup::Identity)),
            kind => {
                let read: Result<_, serde::de::value::Error> =
                    CallKind::deserialize(kind.into_deserializer());
                read.map(Self::Kind).map_err(|error| format!("call: {error}, `any`, `identity`"))
            }
        }
    }
}

impl Calls {
    pub(crate) fn include(self, kind: CallKind) -> bool {
        match self {
            Self::Group(CallGroup::Any) => true,
            Self::Group(CallGroup::Identity) => kind.is_identity(),
            Self::Kind(only) => only == kind,
        }
    }
}

/// The order to make a fault: the body of `POST /control/faults`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder {
    pub(crate) kind: FaultKind,
    #[serde(default = "any_call")]
    pub(crate) call: Calls,
    /// Only requests with this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lock: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iq: Option<Uuid>,
    /// Only calls made for this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// How often it strikes; without end when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u64>,
    /// Whether the call takes effect before the fault shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carried_out: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// `ErrorCode` as given, text or number; to the identity host, `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_code: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// Seconds, or the header's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<Value>,
}

impl FaultOrder {
    /// # Errors
    /// What is missing, out of range, or does not go with the kind.
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
            ("retry_after", self.retry_after.is_some(), answers),
            ("carried_out", self.carried_out.is_some(), can_carry_out),
        ] {
            if given && !fits {
                return Err(format!("{member} does not go with this kind of fault"));
            }
        }
        if kind == FaultKind::Delay && self.delay_ms.is_none() {
            return Err("a delay needs delay_ms".to_owned());
        }
        if kind == FaultKind::Status && !self.status.is_some_and(|it| (200..600).contains(&it)) {
            return Err("a status fault needs a status of 200 to 599".to_owned());
        }
        if self.times == Some(0) {
            return Err("times must be 1 or more".to_owned());
        }
        if !matches!(self.error_code, None | Some(Value::String(_) | Value::Number(_))) {
            return Err("error_code must be a text or a number".to_owned());
        }
        match &self.retry_after {
            None => Ok(()),
            Some(Value::Number(seconds)) if seconds.is_u64() => Ok(()),
            Some(Value::String(text)) if text.bytes().all(|byte| (32..127).contains(&byte)) => {
                Ok(())
            }
            Some(_) => Err("retry_after must be whole seconds, or the header's text".to_owned()),
        }
    }

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

    pub(crate) fn hold(&self) -> Duration {
        Duration::from_millis(self.hold_ms.unwrap_or(DEFAULT_HOLD_MS))
    }
}

fn any_call() -> Calls {
    Calls::Group(CallGroup::Any)
}
