//! Bodies that Salto and its mobile SDK agree on: JSON from a file, sent as it is.

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::{Value, json};

/// The file's JSON, an empty object where there is none.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Value> {
    let Some(file) = file else { return Ok(json!({})) };
    let shown = file.display();
    let text = fs::read(file).with_context(|| format!("cannot read the body from {shown}"))?;
    serde_json::from_slice(&text).with_context(|| format!("the body in {shown} is not JSON"))
}
