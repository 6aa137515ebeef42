//! The error of a command about digital keys.

use salto::GuestKeyError;

use crate::cli::failure::CommandFailure;

/// A missing section of the configuration is a usage failure.
pub(super) fn failure(error: GuestKeyError, context: &'static str) -> CommandFailure {
    if let GuestKeyError::NotSetUp { .. } = error {
        return CommandFailure::Usage(error.to_string());
    }
    CommandFailure::Failed(anyhow::Error::new(error).context(context))
}
