//! The kinds of calls, by which calls are counted and faults are chosen.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallKind {
    Token,
    Authorize,
    Discovery,
    Sites,
    Me,
    ActivatedIqs,
    Iqs,
    Secret,
    Pin,
    Locks,
    LockSettings,
    Open,
    Entries,
    Hub,
    AccessCode,
    DigitalKey,
    /// Any other path of the two hosts.
    Other,
}

impl CallKind {
    /// Whether the call goes to the identity host.
    pub(crate) fn is_identity(self) -> bool {
        match self {
            Self::Token | Self::Authorize | Self::Discovery => true,
            Self::Sites
            | Self::Me
            | Self::ActivatedIqs
            | Self::Iqs
            | Self::Secret
            | Self::Pin
            | Self::Locks
            | Self::LockSettings
            | Self::Open
            | Self::Entries
            | Self::Hub
            | Self::AccessCode
            | Self::DigitalKey
            | Self::Other => false,
        }
    }
}

/// A request to one of the two hosts, as its method and path describe it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) kind: CallKind,
    pub(crate) method: Method,
    pub(crate) lock: Option<Uuid>,
    /// The IQ in the path. The IQ of a lock is looked up where it is needed.
    pub(crate) iq: Option<Uuid>,
}

impl Call {
    /// None for requests to the control API and the page.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Self> {
        let mut segments = path.trim_start_matches('/').split('/');
        let version = segments.next()?;
        let rest: [&str; 5] = std::array::from_fn(|_| segments.next().unwrap_or_default());
        let (mut lock, mut iq) = (None, None);
        let kind = match (version, rest) {
            ("connect", ["token", "", ..]) => CallKind::Token,
            ("connect", ["authorize", "", ..]) => CallKind::Authorize,
            ("connect" | ".well-known", _) => CallKind::Discovery,
            ("v1.2", ["sites", _, "", ..]) => CallKind::Sites,
            ("v1.2", ["me", "", ..] | ["sites", _, "me", "", _]) => CallKind::Me,
            ("v1.2", ["me", _, "activated_iqs", "", _]) => CallKind::ActivatedIqs,
            ("v1.2", ["sites", _, "iqs", "", _]) => CallKind::Iqs,
            ("v1.2", ["sites", _, "iqs", id, "secret"]) => {
                iq = id.parse().ok();
                CallKind::Secret
            }
            ("v1.2", ["sites", _, "iqs", id, "pin"]) => {
                iq = id.parse().ok();
                CallKind::Pin
            }
            ("v1.2", ["sites", _, "locks", "", _]) => CallKind::Locks,
            ("v1.2", ["sites", _, "locks", id, "settings"]) => {
                lock = id.parse().ok();
                CallKind::LockSettings
            }
            ("v1.2", ["sites", _, "locks", id, "locking"]) => {
                lock = id.parse().ok();
                CallKind::Open
            }
            ("v1.2", ["sites", _, "access_codes", "", _]) => CallKind::AccessCode,
            ("v1.2", ["digital_keys", "", ..]) => CallKind::DigitalKey,
            ("v1.1", ["sites", _, "entries", "", _]) => CallKind::Entries,
            ("v1", ["hub", "entries", ..]) => CallKind::Hub,
            ("v1" | "v1.1" | "v1.2" | "v2", _) => CallKind::Other,
            _ => return None,
        };
        Some(Self { kind, method: method.clone(), lock, iq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_its_kind() {
        let site = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";
        for (path, kind) in [
            ("/connect/token".to_owned(), CallKind::Token),
            ("/connect/authorize".to_owned(), CallKind::Authorize),
            ("/.well-known/openid-configuration".to_owned(), CallKind::Discovery),
            ("/v1.2/sites".to_owned(), CallKind::Sites),
            (format!("/v1.2/sites/{site}"), CallKind::Sites),
            ("/v1.2/me".to_owned(), CallKind::Me),
            (format!("/v1.2/sites/{site}/me"), CallKind::Me),
            (format!("/v1.2/me/{site}/activated_iqs"), CallKind::ActivatedIqs),
            (format!("/v1.2/sites/{site}/iqs"), CallKind::Iqs),
            (format!("/v1.2/sites/{site}/iqs/{site}/secret"), CallKind::Secret),
            (format!("/v1.2/sites/{site}/iqs/{site}/pin"), CallKind::Pin),
            (format!("/v1.2/sites/{site}/locks"), CallKind::Locks),
            (format!("/v1.2/sites/{site}/locks/{site}/settings"), CallKind::LockSettings),
            (format!("/v1.2/sites/{site}/locks/{site}/locking"), CallKind::Open),
            (format!("/v1.1/sites/{site}/entries"), CallKind::Entries),
            (format!("/v1.2/sites/{site}/access_codes"), CallKind::AccessCode),
            ("/v1.2/me".to_owned(), CallKind::Me),
            ("/v1/hub/entries/negotiate".to_owned(), CallKind::Hub),
            ("/v1/hub/entries".to_owned(), CallKind::Hub),
            ("/v1.2/digital_keys".to_owned(), CallKind::DigitalKey),
            (format!("/v1.2/sites/{site}/entries"), CallKind::Other),
            ("/v2/anything".to_owned(), CallKind::Other),
        ] {
            assert_eq!(Call::of(&Method::GET, &path).map(|call| call.kind), Some(kind), "{path}");
        }
        assert_eq!(Call::of(&Method::GET, "/"), None);
        assert_eq!(Call::of(&Method::GET, "/control/openings"), None);
    }
}
