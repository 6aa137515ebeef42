//! The JSON Schema of a whole event: the CloudEvents envelope around the schema of its data.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::examples::{self, Example};
use crate::{
    BookingAtRisk, BookingStatus, CheckIn, IntegrationAttention, IqAttention, OpenConfirmed,
    OpenFailed, OpenRejected, OpenRequest, Opened, OutboundType, member_schema, names,
};

/// An event type with its schema.
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

/// All event types, the inbound ones first.
pub(super) fn all() -> serde_json::Result<Vec<EventSchema>> {
    let mut all = vec![
        inbound::<BookingStatus>(&examples::booking_status())?,
        inbound::<OpenRequest>(&examples::open_request())?,
    ];
    for event_type in OutboundType::ALL {
        all.push(of_outbound(*event_type)?);
    }
    Ok(all)
}

fn of_outbound(event_type: OutboundType) -> serde_json::Result<EventSchema> {
    match event_type {
        OutboundType::Opened => outbound::<Opened>(event_type),
        OutboundType::CheckIn => outbound::<CheckIn>(event_type),
        OutboundType::OpenRejected => outbound::<OpenRejected>(event_type),
        OutboundType::OpenFailed => outbound::<OpenFailed>(event_type),
        OutboundType::OpenConfirmed => outbound::<OpenConfirmed>(event_type),
        OutboundType::IqAttention => outbound::<IqAttention>(event_type),
        OutboundType::IntegrationAttention => outbound::<IntegrationAttention>(event_type),
        OutboundType::BookingAtRisk => outbound::<BookingAtRisk>(event_type),
    }
}

fn inbound<T: JsonSchema>(example: &impl Example) -> serde_json::Result<EventSchema> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let described = |mut schema: Schema, description: &str| {
        schema.insert("description".into(), description.into());
        schema
    };
    let properties = json!({
        "id": described(member_schema::id(&mut generator),
            "The event's id, unique together with `source`. At most 256 bytes."),
        "source": described(member_schema::source(&mut generator),
            "The sender, a URI reference. At most 1024 bytes."),
        "time": described(member_schema::time(&mut generator),
            "The time of the event. At most 5 minutes ahead of the worker's clock."),
        "traceparent": {
            "description": "W3C trace context, passed on to everything that the event causes. \
                An invalid one is ignored.",
            "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        },
    });
    let event_type = json!({
        "description": "The type of the event.",
        "const": example.event_type(),
    });
    schema::<T>(example, event_type, properties, &["id", "source", "time"])
}

fn outbound<T: JsonSchema>(event_type: OutboundType) -> serde_json::Result<EventSchema> {
    let properties = json!({
        "id": {
            "description": "Derived from the cause of the event: a repeated event has the same id.",
            "type": "string",
            "format": "uuid",
        },
        "source": { "description": "Always postern.", "const": names::SOURCE },
        "subject": { "description": subject_of(event_type), "type": "string" },
        "time": { "description": "The time of the event.", "type": "string", "format": "date-time" },
        "datacontenttype": {
            "description": "The content type of `data`.",
            "const": names::DATA_CONTENT_TYPE,
        },
        "traceparent": {
            "description": "W3C trace context of the request.",
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        },
    });
    let types = json!({
        "description": "The type of the event; it begins with `rehearsal.` where the event only reports \
            what would have happened.",
        "enum": [event_type.code(), event_type.rehearsal()],
    });
    let required = ["id", "source", "subject", "time", "datacontenttype"];
    schema::<T>(&examples::outbound(event_type), types, properties, &required)
}

/// What `subject` is in an event of this type.
const fn subject_of(event_type: OutboundType) -> &'static str {
    match event_type {
        OutboundType::Opened
        | OutboundType::CheckIn
        | OutboundType::OpenRejected
        | OutboundType::OpenFailed
        | OutboundType::OpenConfirmed
        | OutboundType::BookingAtRisk => "The `booking_id`.",
        OutboundType::IqAttention => "The `iq_id`.",
        OutboundType::IntegrationAttention => "The `integration_id`.",
    }
}

/// The envelope with its `type`, its other `properties` and those that are `required`, around data of
/// type `T`.
fn schema<T: JsonSchema>(
    example: &impl Example,
    event_type: Value,
    mut properties: Value,
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

/// Joins a description to one line; in the source it may be several.
fn unfold(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
}
