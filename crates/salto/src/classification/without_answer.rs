//! The rows of commands without an answer.

use super::parts::{answered, not_sent, unknown};
use super::{Condition, Row};
use crate::breaker::HostHealth::{Failed, Unknown, Unreachable};
use crate::error::Cause;

/// The circuit breaker is open.
pub(crate) const BREAKER_OPEN: Row = not_sent(
    "an open circuit breaker, of the lock or of something above it that keeps failing",
    "the circuit breaker is open",
    Cause::BreakerOpen,
    Unknown,
);

/// There is no connection, or none in time.
pub(crate) const NO_CONNECTION: Row = not_sent(
    "no connection",
    "connection refused; TLS fails; no connection within the time limit",
    Cause::Unavailable,
    Unreachable,
);

/// The deadline for sending passed first. Only a long time of connecting says something about the
/// host.
pub(crate) const EXPIRED: Row = not_sent(
    "its deadline before it could be sent",
    "the request expired while connecting",
    Cause::Expired,
    Unknown,
);

/// The permission was not renewed.
pub(crate) const WITHDRAWN: Row = not_sent(
    "no new permission, after connecting took long",
    "the booking was cancelled while connecting",
    Cause::Withdrawn,
    Unknown,
);

/// The bytes were written, and nothing else is known.
pub(crate) const UNANSWERED: Row = answered(
    "no answer, after the bytes were written",
    Condition::NoAnswer("no answer within `command_timeout`; reset; half an answer"),
    unknown(Cause::Unanswered),
    Failed,
);
