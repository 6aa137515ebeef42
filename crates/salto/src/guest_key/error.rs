//! Errors from the access code to the digital key. Each text says what to do about it.

use std::fmt;

use crate::environment::Environment;
use crate::environment::guest_keys::GuestKeys;
use crate::error::{CallError, Cause};

/// A step from the access code to the digital key failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestKeyError {
    /// The environment has no settings of Digital Key for Guests.
    NotSetUp {
        /// The environment's name.
        environment: String,
    },
    /// Salto does not know the configured path.
    UnknownPath {
        /// The setting.
        setting: &'static str,
        /// Salto's answer.
        call: CallError,
    },
    /// The account may not invite guests.
    NotPodMember(CallError),
    /// The answer has no access code in a known form.
    NoCode {
        /// What the answer has instead, without values.
        seen: String,
    },
    /// The identity provider rejects the code.
    CodeRejected,
    /// The identity provider refuses the exchange with this client, or in this form.
    ExchangeRefused {
        /// The OAuth error, e.g. `invalid_client`.
        code: String,
    },
    /// Salto no longer accepts the guest's token.
    TokenRejected(CallError),
    /// Salto refuses to create a digital key with the guest's token.
    KeyRefused(CallError),
    /// Salto accepted the request for a digital key, and its answer is not JSON.
    KeyUnreadable,
    /// The call failed for a cause that any call may have.
    Call(CallError),
}

impl GuestKeyError {
    /// The error of a call for an access code.
    pub(super) fn of_access_code(call: CallError) -> Self {
        match (call.status, call.cause) {
            (Some(404 | 405), _) => Self::UnknownPath { setting: "access_code_path", call },
            (Some(403), Cause::Forbidden) => Self::NotPodMember(call),
            (_, _) => Self::Call(call),
        }
    }

    /// The error of a call for a digital key.
    pub(super) fn of_digital_key(call: CallError) -> Self {
        match (call.status, call.cause) {
            (Some(404 | 405), _) => Self::UnknownPath { setting: "digital_key_path", call },
            (_, Cause::TokenRejected) => Self::TokenRejected(call),
            (_, Cause::Forbidden) => Self::KeyRefused(call),
            (_, _) => Self::Call(call),
        }
    }

    /// The error of an exchange that the identity provider refused with this OAuth error.
    pub(super) fn of_exchange(code: String) -> Self {
        match code.as_str() {
            "invalid_grant" => Self::CodeRejected,
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
            Self::UnknownPath { setting, call } => {
                write!(f, "Salto does not know this path: is guest_keys.{setting} right? {call}")
            }
            Self::NotPodMember(call) => write!(
                f,
                "the account may not invite guests: it must be part of a pod and have the role \
                 pod_member. {call}"
            ),
            Self::NoCode { seen } => write!(
                f,
                "Salto's answer has no access code, neither as a text nor as a member access_code \
                 or code: it has {seen}"
            ),
            Self::CodeRejected => f.write_str(
                "Salto does not accept the access code: it was used before, or has expired, or is not \
                 of this environment. Ask the pod member for another one (invalid_grant)",
            ),
            Self::ExchangeRefused { code } => write!(f, "{} ({code})", advice(code)),
            Self::TokenRejected(call) => {
                write!(f, "Salto no longer accepts the guest's token: ask for another access code. {call}")
            }
            Self::KeyRefused(call) => write!(
                f,
                "Salto refuses the digital key: ask Salto what the request must have, and whether \
                 guest_keys.scope is right. {call}"
            ),
            Self::KeyUnreadable => f.write_str(
                "Salto accepted the request for a digital key, and its answer is not JSON: the key \
                 may exist, and the access code cannot be used again",
            ),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl std::error::Error for GuestKeyError {}

/// The settings of Digital Key for Guests of an environment.
pub(super) fn settings(environment: &Environment) -> Result<&GuestKeys, GuestKeyError> {
    let missing = || GuestKeyError::NotSetUp { environment: environment.name.clone() };
    environment.guest_keys.as_ref().ok_or_else(missing)
}

/// What to do about an OAuth error of the exchange.
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
