//! Request bodies, whose content Salto and its mobile SDK define: JSON from a file, sent unchanged.

use std::{fs, path::Path};

use anyhow::Context;
use serde_json::{Value, json};

/// The JSON in the file; an empty object where there is no file.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Value> {
    let Some(file) = file else { return Ok(json!({})) };
    let path = file.display();
    let text = fs::read(file).with_context(|| format!("cannot read the body from {path}"))?;
    serde_json::from_slice(&text).with_context(|| format!("the body in {path} is not JSON"))
}
