//! Salto's wish for no calls for an integration: commands heed one that stands, and one that they
//! are told of holds for the workers too.

use std::time::Duration;

use anyhow::{Context, bail};
use consumer::Lookup;
use salto::CallError;

use super::output::note;

/// Refuses to go on while Salto wants no calls.
pub(super) async fn heed(lookup: &Lookup, integration_id: &str) -> anyhow::Result<()> {
    let left = lookup.pause(integration_id).await;
    let left = left.context("whether Salto wants calls now cannot be read")?;
    if left.is_zero() {
        return Ok(());
    }
    bail!("{}: wait, then run it again", words(left))
}

/// Has the workers heed the pause that Salto asked for with this answer, if it did.
pub(super) async fn share(lookup: &Lookup, integration_id: &str, error: &CallError) {
    if let Err(error) = lookup.share_pause(integration_id, error).await {
        note(&format!("warning: the workers could not be told of Salto's wish: {error}"));
    }
}

/// In words; whole seconds, rounded up.
pub(super) fn words(left: Duration) -> String {
    format!("Salto wants no calls for another {} s", seconds(left))
}

/// Whole seconds, rounded up.
pub(super) fn seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
