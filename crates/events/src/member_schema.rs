//! The JSON Schemas of members. A schema counts characters where the decoder counts bytes, so the
//! decoder is the stricter of the two.

use rules::{FailedClass, FailedReason, RejectedReason, RiskReason};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::limits;

/// No control characters, as in the decoder. Every dialect of regular expressions reads this form.
const PRINTABLE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

fn bounded_text(min: usize, max: usize) -> Schema {
    json_schema!({ "type": "string", "minLength": min, "maxLength": max, "pattern": PRINTABLE })
}

/// The same schema for a member that the decoder also accepts as `null`.
fn or_null(mut schema: Schema) -> Schema {
    if let Some(only) = schema.remove("type") {
        schema.insert("type".into(), serde_json::json!([only, "null"]));
    }
    schema
}

pub(crate) fn integration_id(_: &mut SchemaGenerator) -> Schema {
    bounded_text(1, limits::INTEGRATION_ID)
}

pub(crate) fn id(_: &mut SchemaGenerator) -> Schema {
    bounded_text(1, limits::ID)
}

pub(crate) fn nullable_id(generator: &mut SchemaGenerator) -> Schema {
    or_null(id(generator))
}

pub(crate) fn source(_: &mut SchemaGenerator) -> Schema {
    bounded_text(1, limits::SOURCE)
}

pub(crate) fn reference(_: &mut SchemaGenerator) -> Schema {
    bounded_text(0, limits::ID)
}

pub(crate) fn nullable_reference(generator: &mut SchemaGenerator) -> Schema {
    or_null(reference(generator))
}

pub(crate) fn objects(generator: &mut SchemaGenerator) -> Schema {
    let items = id(generator);
    json_schema!({ "type": "array", "minItems": 1, "maxItems": limits::OBJECTS, "items": items })
}

pub(crate) fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}

pub(crate) fn nullable_time(generator: &mut SchemaGenerator) -> Schema {
    or_null(time(generator))
}

pub(crate) fn nullable_revision(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"], "minimum": 0, "maximum": limits::REVISION })
}

pub(crate) fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uuid" })
}

pub(crate) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

pub(crate) fn attempts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
}

pub(crate) fn rejected_reason(_: &mut SchemaGenerator) -> Schema {
    one_of(RejectedReason::ALL.iter().map(|reason| reason.code()))
}

pub(crate) fn failed_reason(_: &mut SchemaGenerator) -> Schema {
    one_of(FailedReason::ALL.iter().map(|reason| reason.code()))
}

pub(crate) fn risk_reason(_: &mut SchemaGenerator) -> Schema {
    one_of(RiskReason::ALL.iter().map(|reason| reason.code()))
}

pub(crate) fn failed_class(_: &mut SchemaGenerator) -> Schema {
    one_of(FailedClass::ALL.iter().map(|class| class.code()))
}

fn one_of(codes: impl Iterator<Item = &'static str>) -> Schema {
    json_schema!({ "type": "string", "enum": codes.collect::<Vec<_>>() })
}
