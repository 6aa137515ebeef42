//! The workers of a run, for a Prometheus that is to read them.

use crate::worker_slot::WorkerSlot;
use serde_json::json;
use std::path::Path;

/// Writes the addresses as `file_sd_configs` has them, and at once, so that Prometheus never reads half of them.
///
/// # Panics
/// If the file cannot be written.
pub(crate) fn write(file: &Path, slots: &[WorkerSlot]) {
    let addresses: Vec<_> = slots.iter().map(WorkerSlot::address).collect();
    let text = json!([{ "targets": addresses }]).to_string();
    let whole = file.with_extension("new");
    std::fs::write(&whole, text)
        .and_then(|()| std::fs::rename(&whole, file))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}
