//! The inputs of a test case: its booking, and the door and the expiry of a request.

use crate::fixtures::Door;

/// The booking of a test case.
#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) integration: &'static str,
    pub(super) booking: String,
    pub(super) doors: Vec<Door>,
    pub(super) starts: i64,
    pub(super) ends: i64,
}

/// How a request states its expiry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expiry {
    /// By `expires_at`, this time after its publication.
    Millis(i64),
    /// Without `expires_at`: the configured life counts.
    Default,
}

/// The door of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum RequestedDoor<'a> {
    /// Named by its object.
    Named(&'a Door),
    /// The only door of the booking; the request does not name it.
    OnlyOne(&'a Door),
    /// The request does not lead to a door.
    None,
}

impl RequestedDoor<'_> {
    pub(super) fn object(&self) -> Option<&str> {
        match self {
            Self::Named(door) => Some(&door.object),
            Self::OnlyOne(_) | Self::None => None,
        }
    }

    pub(super) fn lock(&self) -> Option<&str> {
        match self {
            Self::Named(door) | Self::OnlyOne(door) => {
                Some(&*door.lock).filter(|lock| !lock.is_empty())
            }
            Self::None => None,
        }
    }
}

/// The content of a request.
#[derive(Debug)]
pub(super) struct RequestContent<'a> {
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) case: &'a str,
    pub(super) stay: &'a Stay,
    pub(super) door: RequestedDoor<'a>,
}
