//! The contract for other programs: one JSON Schema per event type, and an AsyncAPI document of
//! where the events travel. All of it is made from the types, names and limits of this crate.
//!
//! - `event`: the schema of a whole event.
//! - `examples`: one event of each type, as it is on the wire.
//! - `asyncapi`: exchanges, queues, keys, headers.
//! - `values`: what a member may hold.

mod asyncapi;
mod event;
mod examples;
pub(crate) mod values;

use serde_json::Value;

/// A generated file of `schemas/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub file_name: String,
    /// What it holds.
    pub content: String,
}

/// All generated files: a JSON Schema (draft 2020-12) for each of the seven types, named by it,
/// and `asyncapi.json`.
///
/// # Errors
///
/// None that depends on anything but this crate.
pub fn documents() -> serde_json::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for event in event::all()? {
        documents.push(document(&event.file_name(), event.schema)?);
    }
    documents.push(document("asyncapi.json", asyncapi::document()?)?);
    Ok(documents)
}

fn document(file_name: &str, mut content: Value) -> serde_json::Result<Document> {
    // The same order whichever features of serde_json the build unites.
    content.sort_all_objects();
    let content = format!("{}\n", serde_json::to_string_pretty(&content)?);
    Ok(Document { file_name: file_name.to_owned(), content })
}
