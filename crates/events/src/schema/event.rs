//! The JSON Schema of a whole event: the CloudEvents envelope with the schema of its data inside.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::examples::{self, Example};
use super::values;
use crate::{
    BookingStatus, CheckIn, IqAttention, OpenFailed, OpenRejected, OpenRequest, Opened, names,
};

/// One of the seven types.
pub(super) struct EventSchema {
    pub(super) event_type: &'static str,
    pub(super) example: Value,
    pub(super) schema: Value,
}

impl EventSchema {
    pub(super) fn file_name(&self) -> String {
        format!("{}.json", self.event_type)
    }
}

/// All seven, those that come in first.
pub(super) fn all() -> serde_json::Result<Vec<EventSchema>> {
    Ok(vec![
        inbound::<BookingStatus>(&examples::booking_status())?,
        inbound::<OpenRequest>(&examples::open_request())?,
        outbound::<Opened>(&examples::opened())?,
        outbound::<CheckIn>(&examples::check_in())?,
        outbound::<OpenRejected>(&examples::open_rejected())?,
        outbound::<OpenFailed>(&examples::open_failed())?,
        outbound::<IqAttention>(&examples::iq_attention())?,
    ])
}

fn inbound<T: JsonSchema>(example: &impl Example) -> serde_json::Result<EventSchema> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let described = |mut schema: Schema, description: &str| {
        schema.insert("description".into(), description.into());
        schema
    };
    let properties = json!({
        "id": described(values::id(&mut generator),
            "With `source` what identifies the event. At most 256 bytes."),
        "source": described(values::source(&mut generator),
            "Who sends it, a URI reference. At most 1024 bytes."),
        "time": described(values::time(&mut generator),
            "When it came about. At most 5 minutes ahead of the worker's clock."),
        "traceparent": {
            "description": "W3C trace context, passed on to all that follows. \
                An invalid one is ignored.",
            "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        },
    });
    let event_type = json!({
        "description": "What kind of event it is.",
        "const": example.event_type(),
    });
    schema::<T>(example, (event_type, properties), &["id", "source", "time"])
}

fn outbound<T: JsonSchema>(example: &impl Example) -> serde_json::Result<EventSchema> {
    let properties = json!({
        "id": {
            "description": "Derived from what caused the event: a repetition has the same id.",
            "type": "string",
            "format": "uuid",
        },
        "source": { "description": "Always postern.", "const": names::SOURCE },
        "subject": {
            "description": "The `booking_id`; of `iq.attention.v1` the `iq_id`.",
            "type": "string",
        },
        "time": { "description": "When it came about.", "type": "string", "format": "date-time" },
        "datacontenttype": {
            "description": "What `data` is.",
            "const": names::DATA_CONTENT_TYPE,
        },
        "traceparent": {
            "description": "W3C trace context of the request.",
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        },
    });
    let event_type = json!({
        "description": "What kind of event it is; with `rehearsal.` before it where it only tells what \
            would have happened.",
        "enum": [example.event_type(), names::rehearsal(example.event_type())],
    });
    let required = ["id", "source", "subject", "time", "datacontenttype"];
    schema::<T>(example, (event_type, properties), &required)
}

/// The envelope's `type` and other `properties`, and of these the `required` ones, around the data of
/// type `T`.
fn schema<T: JsonSchema>(
    example: &impl Example,
    (event_type, mut properties): (Value, Value),
    required: &[&str],
) -> serde_json::Result<EventSchema> {
    let title = example.event_type();
    let example = example.on_the_wire()?;
    let mut data = data::<T>();
    let description = data.remove("description");
    properties["specversion"] = json!({
        "description": "The version of CloudEvents.",
        "const": names::SPEC_VERSION,
    });
    properties["type"] = event_type;
    properties["data"] = data.to_value();
    let required = [required, &["specversion", "type", "data"]].concat();
    let schema = json!({
        "$schema": schemars::consts::meta_schemas::DRAFT2020_12,
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "examples": [example],
    });
    Ok(EventSchema { event_type: title, example, schema })
}

fn data<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.remove("title");
    RecursiveTransform(unfold).transform(&mut schema);
    schema
}

/// A description is one line; in the source it may be several.
fn unfold(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}
