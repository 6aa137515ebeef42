//! The body of a command, made at the moment it leaves.
//!
//! hyper takes a request's body only once the connection stands and the request's head lies in the
//! write buffer (`proto::h1::dispatch`, `poll_write`); both leave in one write, and an error here
//! closes the connection with nothing written. So the last look at the deadline, the one-time
//! password and the mark that the command left belong to one instant, however long connecting took.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body::{Body, Frame, SizeHint};

use crate::clock::SaltoClock;
use crate::otp::OtpKey;

const TAIL: &str = r#""}"#;

const WAITING: u8 = 0;
const LEFT: u8 = 1;
const LATE: u8 = 2;
const CALLED_OFF: u8 = 3;

/// Has the command left? Exactly one of body and caller decides, whichever is first.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<AtomicU8>);

/// How a command that did not leave ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stayed {
    /// Its time was over when it could have left.
    Late,
    /// The caller gave up first.
    CalledOff,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(WAITING)))
    }

    /// Sees to it that the command does not leave any more. `None`: it has left.
    pub(crate) fn call_off(&self) -> Option<Stayed> {
        match self.settle(CALLED_OFF) {
            LEFT => None,
            LATE => Some(Stayed::Late),
            _ => Some(Stayed::CalledOff),
        }
    }

    /// Settles the matter unless it is settled, and tells how.
    fn settle(&self, as_what: u8) -> u8 {
        let settled =
            self.0.compare_exchange(WAITING, as_what, Ordering::AcqRel, Ordering::Acquire);
        settled.map_or_else(|earlier| earlier, |_| as_what)
    }
}

/// The body: an exact length, and content only in time.
pub(crate) struct Command {
    pub(crate) gate: Gate,
    /// Its beginning, as far as the one-time password.
    pub(crate) head: &'static str,
    pub(crate) key: OtpKey,
    pub(crate) clock: Arc<SaltoClock>,
    pub(crate) leave_before: DateTime<Utc>,
    pub(crate) done: bool,
}

/// The command must not leave any more.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the command's time is over")]
pub(crate) struct TooLate;

impl Command {
    fn length(&self) -> usize {
        self.head.len() + self.key.otp_len() + TAIL.len()
    }
}

impl Body for Command {
    type Data = Bytes;
    type Error = TooLate;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TooLate>>> {
        if std::mem::replace(&mut self.done, true) {
            return Poll::Ready(None);
        }
        let in_time = Utc::now() < self.leave_before;
        if self.gate.settle(if in_time { LEFT } else { LATE }) != LEFT {
            return Poll::Ready(Some(Err(TooLate)));
        }
        let otp = self.key.otp(self.clock.now());
        let body = [self.head, otp.expose(), TAIL].concat();
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

    fn poll(gate: &Gate, leave_in: TimeDelta) -> Option<Bytes> {
        let key = OtpKey::new(OtpScheme::TotpSha1, "s".into(), "1".into());
        let clock = Arc::new(SaltoClock::new("e"));
        let leave_before = Utc::now() + leave_in;
        let (gate, head) = (gate.clone(), r#"{"delta":"0000","otp":""#);
        let mut body = Command { gate, head, key, clock, leave_before, done: false };
        let promised = body.size_hint().exact().unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut context) else {
            panic!("the body is there at once");
        };
        assert!(body.is_end_stream());
        let data = frame.ok()?.into_data().unwrap();
        assert_eq!(u64::try_from(data.len()).unwrap(), promised);
        Some(data)
    }

    #[test]
    fn in_time_it_leaves_and_cannot_be_called_off() {
        let gate = Gate::new();
        let body = poll(&gate, TimeDelta::minutes(1)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["delta"], "0000");
        assert_eq!(json["otp"].as_str().unwrap().len(), 6);
        assert_eq!(gate.call_off(), None);
    }

    #[test]
    fn late_or_called_off_it_never_leaves() {
        let gate = Gate::new();
        assert!(poll(&gate, TimeDelta::zero()).is_none());
        assert_eq!(gate.call_off(), Some(Stayed::Late));

        let gate = Gate::new();
        assert_eq!(gate.call_off(), Some(Stayed::CalledOff));
        assert!(poll(&gate, TimeDelta::minutes(1)).is_none());
    }
}
