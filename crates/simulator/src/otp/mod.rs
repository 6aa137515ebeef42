//! One-time passwords: how they are computed, and which of them an IQ accepts.

mod scheme;
mod window;

pub use self::scheme::OtpScheme;
pub(crate) use self::window::{OtpParameters, OtpWindow};
