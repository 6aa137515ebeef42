//! Exporting traces, where the variables of OpenTelemetry ask for it.

use salto::Http;
use traces::{Settings, Traces};

/// The exporter; none where no traces are asked for.
pub(super) fn start() -> anyhow::Result<Option<Traces>> {
    let Some(settings) = Settings::from_environment() else { return Ok(None) };
    let client = Http::new()?.client().clone();
    Ok(Some(Traces::start(&settings, client, env!("CARGO_PKG_VERSION"))?))
}

/// Doors open without traces too.
pub(super) fn warn(error: &anyhow::Error) {
    tracing::warn!(error = format!("{error:#}"), "no traces are exported");
}
