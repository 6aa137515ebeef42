//! The documents under `schemas/` are those that this code generates, and agree with it about the
//! samples.

use super::corpus;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::sync::LazyLock;

use events::OutboundType;
use jsonschema::Validator;
use serde_json::Value;

/// Violations that JSON Schema cannot express, without code and type: bytes instead of characters, the
/// worker's clock, two times compared, years in UTC, an integer written as a float.
const BEYOND_JSON_SCHEMA: [&str; 10] = [
    "integration_id-too-many-bytes",
    "time-ahead",
    "ends-in-9999",
    "time-year-9999",
    "ends-before-it-starts",
    "ends-when-it-starts",
    "ends_at-year-10000-in-utc",
    "starts_at-year-before-0-in-utc",
    "revision-written-as-float",
    "revision-exponent",
];

/// Types that the booking system publishes.
const INBOUND_TYPES: usize = 2;

pub(super) static VALIDATORS: LazyLock<HashMap<String, Validator>> = LazyLock::new(validators);

fn validators() -> HashMap<String, Validator> {
    events::schema::documents()
        .unwrap()
        .into_iter()
        .filter(|document| document.file_name != "asyncapi.json")
        .map(|document| {
            let schema: Value = serde_json::from_str(&document.content).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{}", document.file_name);
            let validator =
                jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            (document.file_name.trim_end_matches(".json").to_owned(), validator)
        })
        .collect()
}

#[test]
fn the_files_are_up_to_date() {
    let documents = events::schema::documents().unwrap();
    for document in &documents {
        let path = corpus::schemas().join(&document.file_name);
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, document.content, "{} is stale: run `make schemas`", document.file_name);
    }
    let generated: BTreeSet<_> = documents.into_iter().map(|document| document.file_name).collect();
    let found: BTreeSet<_> = fs::read_dir(corpus::schemas())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert_eq!(found, generated);
}

#[test]
fn every_type_has_a_schema_and_its_example_fits() {
    assert_eq!(VALIDATORS.len(), INBOUND_TYPES + OutboundType::ALL.len());
    for document in events::schema::documents().unwrap() {
        let schema: Value = serde_json::from_str(&document.content).unwrap();
        let Some(validator) = VALIDATORS.get(document.file_name.trim_end_matches(".json")) else {
            continue;
        };
        let examples = schema["examples"].as_array().unwrap();
        assert!(examples.iter().all(|example| validator.is_valid(example)));
        assert_eq!(examples.len(), 1);
    }
}

#[test]
fn valid_samples_fit_their_schema() {
    let mut types = BTreeSet::new();
    for sample in corpus::samples("valid") {
        let event: Value = serde_json::from_slice(&sample.body).unwrap();
        let validator = &VALIDATORS[&sample.words[0]];
        if let Err(error) = validator.validate(&event) {
            panic!("{}: {error}", sample.name());
        }
        types.insert(sample.words[0].clone());
    }
    assert_eq!(types.len(), INBOUND_TYPES + OutboundType::ALL.len(), "a type has no sample");
}

#[test]
fn invalid_samples_do_not_fit_as_far_as_a_schema_can_express() {
    for sample in corpus::samples("invalid").iter().filter(|s| s.words[0] != "malformed") {
        let event: Value = serde_json::from_slice(&sample.body).unwrap();
        let fits = VALIDATORS[&sample.words[1]].is_valid(&event);
        let beyond = BEYOND_JSON_SCHEMA.contains(&sample.words[2].as_str());
        assert_eq!(fits, beyond, "{}", sample.name());
    }
}

#[test]
fn every_reference_of_the_asyncapi_document_exists() {
    let documents = events::schema::documents().unwrap();
    let asyncapi = documents.iter().find(|d| d.file_name == "asyncapi.json").unwrap();
    let asyncapi: Value = serde_json::from_str(&asyncapi.content).unwrap();
    let mut references = Vec::new();
    collect(&asyncapi, &mut references);
    assert!(references.len() > 30);
    for reference in references {
        let found = match reference.strip_prefix("./") {
            Some(file) => documents.iter().any(|document| document.file_name == file),
            None => asyncapi.pointer(reference.trim_start_matches('#')).is_some(),
        };
        assert!(found, "{reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
