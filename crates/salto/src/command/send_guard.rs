//! The body of a command, which is made at the moment of sending, and the guard that decides whether
//! it is sent at all.
//!
//! hyper takes a request's body only once the connection is established and the request's head is in the write
//! buffer (`proto::h1::dispatch`, `poll_write`). Both are written at once, and an error here closes the
//! connection with nothing written. So the check of the deadline, the one-time password and the mark
//! that the command was sent belong to one instant, however long connecting took (`docs/contract.md`,
//! invariant 2).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body::{Body, Frame, SizeHint};

use crate::clock::SaltoClock;
use crate::otp::OtpKey;

const BODY_END: &str = r#""}"#;

const UNDECIDED: u8 = 0;
const SENT: u8 = 1;
const EXPIRED: u8 = 2;
const CANCELLED: u8 = 3;

/// Decides once whether a command is sent: the body and the caller both ask, and the first one decides.
#[derive(Debug, Clone)]
pub(super) struct SendGuard(Arc<AtomicU8>);

/// Why a command was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The deadline had passed when it could be sent.
    Expired,
    /// The caller cancelled it first.
    Cancelled,
}

impl SendGuard {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(UNDECIDED)))
    }

    /// Prevents that the command is sent from now on. `None`: it was sent.
    pub(super) fn cancel(&self) -> Option<NotSent> {
        match self.decide(CANCELLED) {
            SENT => None,
            EXPIRED => Some(NotSent::Expired),
            _ => Some(NotSent::Cancelled),
        }
    }

    /// Decides unless the decision was made before, and returns the decision.
    fn decide(&self, decision: u8) -> u8 {
        let decided =
            self.0.compare_exchange(UNDECIDED, decision, Ordering::AcqRel, Ordering::Acquire);
        decided.map_or_else(|earlier| earlier, |_| decision)
    }
}

/// The body of a command. Its length is known before; its content exists only if it is sent in time.
pub(super) struct CommandBody {
    pub(super) guard: SendGuard,
    /// The text before the one-time password.
    pub(super) prefix: &'static str,
    pub(super) key: OtpKey,
    pub(super) clock: Arc<SaltoClock>,
    pub(super) send_before: DateTime<Utc>,
    pub(super) done: bool,
}

/// The command may no longer be sent.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the command may no longer be sent: its deadline has passed, or it was cancelled")]
pub(super) struct MayNotBeSent;

impl CommandBody {
    fn length(&self) -> usize {
        self.prefix.len() + self.key.otp_len() + BODY_END.len()
    }
}

impl Body for CommandBody {
    type Data = Bytes;
    type Error = MayNotBeSent;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MayNotBeSent>>> {
        if std::mem::replace(&mut self.done, true) {
            return Poll::Ready(None);
        }
        let in_time = Utc::now() < self.send_before;
        if self.guard.decide(if in_time { SENT } else { EXPIRED }) != SENT {
            return Poll::Ready(Some(Err(MayNotBeSent)));
        }
        let otp = self.key.otp(self.clock.now());
        let body = [self.prefix, otp.expose(), BODY_END].concat();
        Poll::Ready(Some(Ok(Frame::data(body.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }

    fn size_hint(&self) -> SizeHint {
        let left = if self.done { 0 } else { self.length() };
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use chrono::TimeDelta;

    use crate::otp::OtpScheme;

    fn poll(guard: &SendGuard, send_in: TimeDelta) -> Option<Bytes> {
        let key = OtpKey::new(OtpScheme::TotpSha1, "s".into(), "1".into());
        let clock = Arc::new(SaltoClock::new("e"));
        let send_before = Utc::now() + send_in;
        let (guard, prefix) = (guard.clone(), r#"{"delta":"0000","otp":""#);
        let mut body = CommandBody { guard, prefix, key, clock, send_before, done: false };
        let announced = body.size_hint().exact().unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut context) else {
            panic!("the body is there at once");
        };
        assert!(body.is_end_stream());
        let data = frame.ok()?.into_data().unwrap();
        assert_eq!(u64::try_from(data.len()).unwrap(), announced);
        Some(data)
    }

    #[test]
    fn in_time_the_command_is_sent_and_cannot_be_cancelled() {
        let guard = SendGuard::new();
        let body = poll(&guard, TimeDelta::minutes(1)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["delta"], "0000");
        assert_eq!(json["otp"].as_str().unwrap().len(), 6);
        assert_eq!(guard.cancel(), None);
    }

    #[test]
    fn an_expired_or_cancelled_command_is_never_sent() {
        let guard = SendGuard::new();
        assert!(poll(&guard, TimeDelta::zero()).is_none());
        assert_eq!(guard.cancel(), Some(NotSent::Expired));

        let guard = SendGuard::new();
        assert_eq!(guard.cancel(), Some(NotSent::Cancelled));
        assert!(poll(&guard, TimeDelta::minutes(1)).is_none());
    }
}
