//! The integration that an operation is about.

use crate::OperationError;

/// Fails where an integration is wanted that the configuration does not have. Nothing is checked where the
/// configured ones are not known.
///
/// # Errors
/// The integration is not configured.
pub fn check_configured(
    wanted: Option<&str>,
    configured: Option<&[&str]>,
) -> Result<(), OperationError> {
    match (wanted, configured) {
        (Some(wanted), Some(configured)) if !configured.contains(&wanted) => {
            Err(not_configured(wanted, configured))
        }
        _ => Ok(()),
    }
}

/// The error where an integration is not configured.
pub(crate) fn not_configured(wanted: &str, configured: &[&str]) -> OperationError {
    let known = if configured.is_empty() { "none".to_owned() } else { configured.join(", ") };
    OperationError::UnknownIntegration(format!(
        "no integration {wanted:?} is configured; configured: {known}"
    ))
}
