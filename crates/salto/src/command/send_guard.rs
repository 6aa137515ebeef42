//! The body of a command, which is made at the moment of sending, and the guard that decides whether
//! it is sent at all.
//!
//! hyper takes a request's body only once the connection is established and the request's head is in the write
//! buffer (`proto::h1::dispatch`, `poll_write`). Both are written at once, and an error here closes the
//! connection with nothing written. So the checks of the permission, the one-time password and the mark
//! that the command was sent belong to one instant, however long connecting took (`docs/contract.md`,
//! invariant 2).
//!
//! Where the permission is no longer fresh, or this machine's clock was set meanwhile, the body waits on the established connection until the caller
//! has renewed it or has cancelled the command. hyper writes the head meanwhile. A head without its body is
//! no command: it has no one-time password, and Salto carries nothing out. So a command that is cancelled
//! then was certainly not sent; the error here closes its connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use chrono::Utc;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;

use super::permission::SendPermission;
use crate::clock::{OtpTime, SaltoClock};
use crate::otp::OtpKey;

/// The texts around the one-time password, and the end of a body without one.
const BEFORE_OTP: &str = r#","otp":""#;
const AFTER_OTP: &str = r#""}"#;
const END_WITHOUT_OTP: &str = "}";

/// Decides once whether a command is sent: the body and the caller both ask, and the first one decides.
#[derive(Debug, Clone)]
pub(super) struct SendGuard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// The body waits for a renewal.
    renewal_wanted: Notify,
}

#[derive(Debug)]
struct State {
    decision: Decision,
    permission: SendPermission,
    /// Of the connection, where the body waits for a renewal.
    waiting: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Undecided,
    /// With a one-time password for this time.
    Sent(OtpTime),
    NotSent(NotSent),
}

/// Why a command was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The deadline had passed when it could be sent.
    Expired,
    /// The caller cancelled it before there was a connection.
    Unconnected,
    /// The caller cancelled it while it waited for a renewal of its permission.
    Unrenewed,
}

impl SendGuard {
    pub(super) fn new(permission: SendPermission) -> Self {
        let state = State { decision: Decision::Undecided, permission, waiting: None };
        let (state, renewal_wanted) = (Mutex::new(state), Notify::new());
        Self(Arc::new(Shared { state, renewal_wanted }))
    }

    /// Prevents that the command is sent from now on. `None`: it was sent.
    pub(super) fn cancel(&self) -> Option<NotSent> {
        let mut state = self.state();
        let waiting = state.waiting.take();
        if state.decision == Decision::Undecided {
            let why = if waiting.is_some() { NotSent::Unrenewed } else { NotSent::Unconnected };
            state.decision = Decision::NotSent(why);
        }
        let decision = state.decision;
        drop(state);
        // The body ends with an error, which closes the connection.
        if let Some(connection) = waiting {
            connection.wake();
        }
        match decision {
            Decision::NotSent(why) => Some(why),
            Decision::Sent(_) | Decision::Undecided => None,
        }
    }

    /// Returns when the body waits for a renewal of its permission.
    pub(super) async fn renewal_wanted(&self) {
        loop {
            self.0.renewal_wanted.notified().await;
            if self.state().waiting.is_some() {
                return;
            }
        }
    }

    /// Replaces the permission, for a body that waits for it.
    pub(super) fn renew(&self, permission: SendPermission) {
        let mut state = self.state();
        state.permission = permission;
        let waiting = state.waiting.take();
        drop(state);
        if let Some(connection) = waiting {
            connection.wake();
        }
    }

    pub(super) fn permission(&self) -> SendPermission {
        self.state().permission
    }

    /// The time that the one-time password of the command was made for. `None`: it was not sent.
    pub(super) fn otp_time(&self) -> Option<OtpTime> {
        match self.state().decision {
            Decision::Sent(otp_time) => Some(otp_time),
            Decision::Undecided | Decision::NotSent(_) => None,
        }
    }

    /// For the body, at the moment of sending: whether the command is sent, with a one-time password for this
    /// time. Pending while its permission is not fresh, or the time is not known.
    fn poll_sent(
        &self,
        connection: &mut Context<'_>,
        otp_time: Option<OtpTime>,
    ) -> Poll<Option<OtpTime>> {
        let mut state = self.state();
        if state.decision == Decision::Undecided {
            let SendPermission { send_before, fresh_until } = state.permission;
            state.decision = if Utc::now() >= send_before {
                Decision::NotSent(NotSent::Expired)
            } else if let Some(otp_time) = otp_time.filter(|_| Instant::now() <= fresh_until) {
                Decision::Sent(otp_time)
            } else {
                let waited = state.waiting.replace(connection.waker().clone()).is_some();
                drop(state);
                // hyper asks again for other reasons too: each renewal is asked for once.
                if !waited {
                    self.0.renewal_wanted.notify_one();
                }
                return Poll::Pending;
            };
        }
        Poll::Ready(match state.decision {
            Decision::Sent(otp_time) => Some(otp_time),
            Decision::Undecided | Decision::NotSent(_) => None,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a command. Its length is known before; its content exists only if it is sent in time.
pub(super) struct CommandBody {
    pub(super) guard: SendGuard,
    /// The text before the one-time password, or before the end.
    pub(super) prefix: &'static str,
    /// None: the body has no one-time password.
    pub(super) key: Option<OtpKey>,
    pub(super) clock: Arc<SaltoClock>,
    pub(super) done: bool,
}

/// The command may no longer be sent.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the command may no longer be sent: its deadline has passed, or it was cancelled")]
pub(super) struct MayNotBeSent;

impl CommandBody {
    fn length(&self) -> usize {
        self.prefix.len()
            + match &self.key {
                Some(key) => BEFORE_OTP.len() + key.otp_len() + AFTER_OTP.len(),
                None => END_WITHOUT_OTP.len(),
            }
    }
}

impl Body for CommandBody {
    type Data = Bytes;
    type Error = MayNotBeSent;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        connection: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, MayNotBeSent>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let sent = std::task::ready!(self.guard.poll_sent(connection, self.clock.otp_time()));
        self.done = true;
        let Some(otp_time) = sent else { return Poll::Ready(Some(Err(MayNotBeSent))) };
        let body = match &self.key {
            Some(key) => {
                let otp = key.otp(otp_time.at);
                [self.prefix, BEFORE_OTP, otp.expose(), AFTER_OTP].concat()
            }
            None => [self.prefix, END_WITHOUT_OTP].concat(),
        };
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
mod tests;
