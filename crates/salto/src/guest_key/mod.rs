//! Digital Key for Guests (`docs/salto-ks.md`, Tokens): a pod member asks for an access code
//! (`Site::access_code`), and a guest's app exchanges it ([`GuestApp`]) for a token that can do one thing,
//! create a digital key ([`GuestToken`]).
//!
//! Salto has published neither the paths nor the bodies of these calls. The configuration has the paths
//! (`GuestKeys`), and JSON is passed through unchanged.

mod access_code;
mod app;
mod error;

pub use access_code::AccessCode;
pub use app::{GuestApp, GuestToken};
pub use error::GuestKeyError;
