//! The error of a command about digital keys.

use salto::GuestKeyError;

use crate::cli::failure::Failure;

/// A missing section of the configuration is a usage failure.
pub(super) fn failure(error: GuestKeyError, context: &'static str) -> Failure {
    if let GuestKeyError::NotSetUp { .. } = error {
        return Failure::Usage(error.to_string());
    }
    Failure::Failed(anyhow::Error::new(error).context(context))
}
