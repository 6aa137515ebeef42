//! When a command may be sent, and asking again whether it may.

use std::time::Instant;

use chrono::{DateTime, Utc};

/// When a command may be sent.
#[derive(Debug, Clone, Copy)]
pub struct SendPermission {
    /// The command is sent before this time of this machine's clock, or not at all.
    pub send_before: DateTime<Utc>,
    /// Until this instant, what the command rests on counts as read a moment ago. After it, the
    /// permission is renewed before the command is sent.
    pub fresh_until: Instant,
}

/// Asks again whether a command may be sent.
pub trait RenewPermission: Send {
    /// Reads again what the command rests on. `None`: the command is not to be sent. This is called
    /// while a connection waits for the command, and dropped where it takes too long.
    fn renew(&mut self) -> impl Future<Output = Option<SendPermission>> + Send;
}
