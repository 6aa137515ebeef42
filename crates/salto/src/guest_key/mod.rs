//! Digital Key for Guests \[S1\]: a pod member's app asks for an access code
//! ([`Site::access_code`](crate::Site::access_code)), a guest's app exchanges it ([`GuestApp`]) for a
//! token that can create one kind of thing, a digital key ([`GuestToken`]).
//!
//! Salto has published that this is so and neither the paths nor the bodies: [`GuestKeys`] says what
//! the contract with Salto says, and JSON goes through as it is.

mod app;
mod code;
mod error;
mod path;
mod settings;

pub use app::{GuestApp, GuestToken};
pub use code::AccessCode;
pub use error::GuestKeyError;
pub use path::{ApiPath, ApiPathError};
pub use settings::{DEFAULT_CODE_PARAMETER, GuestKeys};
