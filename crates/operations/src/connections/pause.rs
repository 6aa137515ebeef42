//! The pause that Salto asks for with `Retry-After` (docs/contract.md, invariant 3). Operations observe
//! the pause of the integration, and share one that they receive with the workers.

use std::time::Duration;

use anyhow::{Context, bail};
use consumer::Lookup;
use salto::CallError;

use crate::Observer;

/// Fails while Salto has asked for a pause.
///
/// # Errors
/// There is a pause, or Redis does not answer.
pub async fn refuse_while_paused(lookup: &Lookup, integration_id: &str) -> anyhow::Result<()> {
    let left = lookup.pause(integration_id).await;
    let left = left.context("the pause that Salto asked for cannot be read")?;
    if left.is_zero() {
        return Ok(());
    }
    bail!("{}: wait, then run the command again", text(left))
}

/// Stores the pause that Salto asked for with this answer, if it did, for the workers.
pub async fn share(
    lookup: &Lookup,
    integration_id: &str,
    error: &CallError,
    observer: &dyn Observer,
) {
    if let Err(error) = lookup.share_pause(integration_id, error).await {
        observer.note(&format!(
            "warning: the pause that Salto asked for could not be stored for the workers: {error}"
        ));
    }
}

/// The pause as text.
pub fn text(left: Duration) -> String {
    format!("Salto has asked for a pause of another {} s", whole_seconds(left))
}

/// Whole seconds, rounded up.
pub fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
