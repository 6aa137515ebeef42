//! What an environment must say about Digital Key for Guests, as Salto has not published it.

use super::{ApiPath, GuestKeyError};
use crate::environment::Environment;

/// The form member that an access code is sent as where nothing else is configured (decision: the
/// grant's name \[S1\], as `refresh_token` is called after its grant).
pub const DEFAULT_CODE_PARAMETER: &str = "access_code";

/// Paths and names of Digital Key for Guests. There are no built-in ones: a guess would be sent to
/// Salto as if it were known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestKeys {
    /// Where a pod member asks for an access code, below the Connect API.
    pub access_code_path: ApiPath,
    /// Where a guest's app creates a digital key, below the Connect API. It names no site, as the app
    /// knows none.
    pub digital_key_path: ApiPath,
    /// The form member at the token endpoint that carries the access code.
    pub code_parameter: String,
    /// The scope of the guest's token; none is asked for where it is left out.
    pub scope: Option<String>,
}

impl Environment {
    /// What is configured of Digital Key for Guests.
    pub(super) fn guest_keys(&self) -> Result<&GuestKeys, GuestKeyError> {
        let missing = || GuestKeyError::NotSetUp { environment: self.name.clone() };
        self.guest_keys.as_ref().ok_or_else(missing)
    }
}
