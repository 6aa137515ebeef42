//! What can go wrong on the way from an access code to a digital key, told by what to do about it.

use std::fmt;

use crate::error::{CallError, Cause};

/// A step of the way that brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestKeyError {
    /// The environment has no section for it.
    NotSetUp {
        /// The environment's name.
        environment: String,
    },
    /// Salto has nothing at the configured path.
    NothingThere {
        /// The setting.
        setting: &'static str,
        /// How Salto said so.
        call: CallError,
    },
    /// The account may not invite guests.
    NotPodMember(CallError),
    /// The answer holds no access code that is known as one.
    NoCode {
        /// What it is instead, without any value.
        seen: String,
    },
    /// The identity provider does not take the code.
    CodeNotTaken,
    /// The identity provider takes none from this client, or not in this way.
    ExchangeRefused {
        /// The OAuth error, e.g. `invalid_client`.
        code: String,
    },
    /// The guest's token no longer counts.
    TokenSpent(CallError),
    /// Salto does not let the guest's token create a digital key.
    KeyRefused(CallError),
    /// Salto took the request for a digital key, and what it answered is not JSON.
    KeyUnreadable,
    /// The call failed as any may.
    Call(CallError),
}

impl GuestKeyError {
    /// Of a call for an access code.
    pub(super) fn of_access_code(call: CallError) -> Self {
        match (call.status, call.cause) {
            (Some(404 | 405), _) => Self::NothingThere { setting: "access_code_path", call },
            (Some(403), Cause::Forbidden) => Self::NotPodMember(call),
            (_, _) => Self::Call(call),
        }
    }

    /// Of a call for a digital key.
    pub(super) fn of_digital_key(call: CallError) -> Self {
        match (call.status, call.cause) {
            (Some(404 | 405), _) => Self::NothingThere { setting: "digital_key_path", call },
            (_, Cause::TokenRejected) => Self::TokenSpent(call),
            (_, Cause::Forbidden) => Self::KeyRefused(call),
            (_, _) => Self::Call(call),
        }
    }

    /// Of an exchange that the identity provider refuses by this OAuth error.
    pub(super) fn of_exchange(code: String) -> Self {
        match code.as_str() {
            "invalid_grant" => Self::CodeNotTaken,
            _ => Self::ExchangeRefused { code },
        }
    }
}

impl From<CallError> for GuestKeyError {
    fn from(call: CallError) -> Self {
        Self::Call(call)
    }
}

impl fmt::Display for GuestKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSetUp { environment } => write!(
                f,
                "Digital Key for Guests is not set up: give access_code_path and digital_key_path in \
                 [salto.environments.{environment}.guest_keys]. There is no default, as Salto has not \
                 published the paths: ask Salto for them"
            ),
            Self::NothingThere { setting, call } => {
                write!(f, "Salto has nothing there: is guest_keys.{setting} right? {call}")
            }
            Self::NotPodMember(call) => write!(
                f,
                "the account may not invite guests: it must be part of a pod and have the role \
                 pod_member. {call}"
            ),
            Self::NoCode { seen } => write!(
                f,
                "Salto's answer has no access code in it, neither as a text nor as a member \
                 access_code or code: it has {seen}"
            ),
            Self::CodeNotTaken => f.write_str(
                "Salto does not take the access code: it is spent by its first use, or has expired, \
                 or never was one of this environment. Ask the pod member for another (invalid_grant)",
            ),
            Self::ExchangeRefused { code } => write!(f, "{} ({code})", advice(code)),
            Self::TokenSpent(call) => {
                write!(f, "the guest's token no longer counts: ask for another access code. {call}")
            }
            Self::KeyRefused(call) => write!(
                f,
                "Salto refuses the digital key: ask Salto what the request must hold, and whether \
                 guest_keys.scope is right. {call}"
            ),
            Self::KeyUnreadable => f.write_str(
                "Salto took the request for a digital key, and its answer is not JSON: the key may \
                 be there, and the access code is spent",
            ),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl std::error::Error for GuestKeyError {}

fn advice(code: &str) -> &'static str {
    match code {
        "invalid_client" => "Salto does not know this client: check client_id and client_secret",
        "invalid_scope" => "Salto does not grant this scope: check guest_keys.scope",
        "invalid_request" => {
            "Salto does not understand the exchange: check guest_keys.code_parameter and \
             guest_keys.scope"
        }
        "unauthorized_client" | "unsupported_grant_type" => {
            "this client may not exchange access codes: have Salto give it the grant access_code"
        }
        _ => "Salto refuses to exchange the access code",
    }
}
