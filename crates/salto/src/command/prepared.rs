//! A lock with everything that a command to it needs, apart from the key.

use std::sync::Arc;

use uuid::Uuid;

use crate::token::Token;

/// A lock and everything that an open command to it needs, apart from the key of the one-time
/// password.
#[derive(Debug, Clone)]
pub struct PreparedLock {
    /// The lock.
    pub lock_id: Uuid,
    /// The IQ that the lock is reached through.
    pub iq_id: String,
    /// Whether the IQ checks a one-time password (`docs/salto-ks.md`, The OTP).
    pub needs_otp: bool,
    /// The site that the lock belongs to.
    pub site_id: Uuid,
    pub(crate) token: Arc<Token>,
}
