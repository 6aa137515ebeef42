//! The settings of Digital Key for Guests, which Salto has not published.

use super::api_path::ApiPath;

/// The form member for the access code where the configuration names none (decision: the name of the
/// grant, in analogy to `refresh_token`; `docs/salto-ks.md`, Tokens).
pub const DEFAULT_CODE_PARAMETER: &str = "access_code";

/// Paths and names of Digital Key for Guests. There are no defaults for the paths: a guess would be
/// sent to Salto as if it were documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestKeys {
    /// The path where a pod member asks for an access code, below the Connect API.
    pub access_code_path: ApiPath,
    /// The path where a guest's app creates a digital key, below the Connect API. It names no site,
    /// because the app has no site id.
    pub digital_key_path: ApiPath,
    /// The form member at the token endpoint that carries the access code.
    pub code_parameter: String,
    /// The scope of the guest's token; `None` sends no scope.
    pub scope: Option<String>,
}
