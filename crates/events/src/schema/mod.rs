//! The contract for other programs: one JSON Schema per event type, and an AsyncAPI document of the
//! exchanges and queues. All of it is generated from the types, names and limits of this crate.
//!
//! - `event`: the schema of a whole event.
//! - `examples`: one event of each type.
//! - `asyncapi`: exchanges, queues, keys, headers.

mod asyncapi;
mod event;
mod examples;

use serde_json::Value;

/// A generated file of `schemas/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name of the file.
    pub file_name: String,
    /// The content of the file.
    pub content: String,
}

/// All generated files: a JSON Schema (draft 2020-12) for each event type, named after it, and
/// `asyncapi.json`.
///
/// # Errors
///
/// Only where a type of this crate cannot be serialised.
pub fn documents() -> serde_json::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for event in event::all()? {
        documents.push(document(&event.file_name(), event.schema)?);
    }
    documents.push(document("asyncapi.json", asyncapi::document()?)?);
    Ok(documents)
}

fn document(file_name: &str, mut content: Value) -> serde_json::Result<Document> {
    // The order must not depend on the features of serde_json in this build.
    content.sort_all_objects();
    let content = format!("{}\n", serde_json::to_string_pretty(&content)?);
    Ok(Document { file_name: file_name.to_owned(), content })
}
