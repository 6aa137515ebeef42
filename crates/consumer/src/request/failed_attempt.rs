//! A failed attempt: why it failed, whether its command may have had an effect, and what that means for
//! the next attempt.

use std::time::Duration;

use rules::{Certainty, FailedReason};
use salto::{CallError, Cause, OpenError};

use crate::state::{failure::Failure, pauses::requested_pause};

/// A command that the IQ did not carry out for a reason that is not known is sent again no sooner
/// (docs/contract.md, Failed reasons).
const IQ_REFUSED_WAIT: Duration = Duration::from_secs(1);
/// And only where so many commands at most were written for the request, this one included.
const IQ_REFUSED_COMMANDS: u32 = 3;

/// An attempt that did not open the door.
#[derive(Debug)]
pub(super) struct FailedAttempt {
    /// Why; none where the request only ran out of time.
    pub(super) failure: Option<Failure>,
    /// Whether `failure` only follows from earlier answers of Salto: a pause, or an open circuit breaker.
    /// The cause that the request has seen itself says more, and is kept.
    pub(super) is_consequence: bool,
    /// Whether a command may have had an effect.
    pub(super) certainty: Certainty,
    /// Whether a command was written.
    pub(super) written: bool,
    /// The shortest time until the next attempt.
    pub(super) retry_after: Option<Duration>,
    /// The pause that Salto has just asked for, for the whole integration and all replicas.
    pub(super) pause: Option<Duration>,
    /// Whether one immediate retry is likely to succeed.
    pub(super) retry_at_once: bool,
    /// Whether Salto judged the one-time password: the request ends, whether or not its outcome is known
    /// (docs/contract.md, invariant 5).
    pub(super) otp_judged: bool,
    /// The number of commands of a request, by all workers, at which it ends.
    pub(super) most_commands: Option<u32>,
}

impl FailedAttempt {
    /// An attempt that ended before any command and that no retry can help.
    pub(super) fn without_command(reason: FailedReason, detail: impl Into<String>) -> Self {
        Self {
            failure: Some(Failure::new(reason, detail)),
            certainty: Certainty::Refused,
            ..Self::out_of_time()
        }
    }

    /// The request's time ended before a command could be sent.
    pub(super) const fn out_of_time() -> Self {
        Self {
            failure: None,
            is_consequence: false,
            certainty: Certainty::NeverHappened,
            written: false,
            retry_after: None,
            pause: None,
            retry_at_once: false,
            otp_judged: false,
            most_commands: None,
        }
    }

    /// Salto has blocked the user at this IQ, so that postern sends nothing there for a while.
    pub(super) fn blocked_iq(left: Duration) -> Self {
        let minutes = left.as_secs().div_ceil(60);
        Self::without_command(
            FailedReason::OtpBlocked,
            format!(
                "Salto has blocked the system user at this IQ after wrong one-time passwords, and \
                 postern sends nothing there for another {minutes} min"
            ),
        )
    }

    /// A pause that Salto asked for has not ended.
    pub(super) fn paused(pause: Duration) -> Self {
        Self {
            failure: Some(Failure::new(
                FailedReason::RateLimited,
                "Salto asked for a pause of this integration's calls",
            )),
            is_consequence: true,
            retry_after: Some(pause),
            ..Self::out_of_time()
        }
    }
}

impl From<CallError> for FailedAttempt {
    /// A call before the command failed: no command was sent.
    fn from(error: CallError) -> Self {
        Self {
            failure: Failure::of_call(error.cause, &error),
            is_consequence: error.cause == Cause::BreakerOpen,
            certainty: certainty(error.certainty()),
            written: false,
            retry_after: error.retry_after,
            pause: requested_pause(&error),
            retry_at_once: error.cause == Cause::TokenRejected && error.retry_after.is_none(),
            otp_judged: false,
            most_commands: None,
        }
    }
}

impl From<OpenError> for FailedAttempt {
    fn from(error: OpenError) -> Self {
        let iq_refused = error.cause == Cause::IqRefused && error.written;
        Self {
            failure: Failure::of_call(error.cause, &error),
            is_consequence: error.cause == Cause::BreakerOpen,
            certainty: certainty(error.certainty),
            written: error.written,
            retry_after: error.retry_after.max(iq_refused.then_some(IQ_REFUSED_WAIT)),
            // An open breaker is this worker's own wait, and no pause that Salto asked for.
            pause: error.retry_after.filter(|_| error.cause != Cause::BreakerOpen),
            retry_at_once: error.cause == Cause::TokenRejected && error.retry_after.is_none(),
            otp_judged: is_about_the_otp(error.cause),
            most_commands: iq_refused.then_some(IQ_REFUSED_COMMANDS),
        }
    }
}

/// Whether the command may have had an effect, as `salto` answers it.
const fn certainty(answer: salto::Certainty) -> Certainty {
    match answer {
        salto::Certainty::NeverHappened => Certainty::NeverHappened,
        salto::Certainty::Unknown => Certainty::Unknown,
        salto::Certainty::Refused => Certainty::Refused,
    }
}

/// Whether Salto has judged the one-time password.
pub(super) const fn is_about_the_otp(cause: Cause) -> bool {
    matches!(cause, Cause::OtpInvalid | Cause::OtpMistimed | Cause::LockMoved | Cause::OtpBlocked)
}
