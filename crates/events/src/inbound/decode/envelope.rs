//! Decoding the CloudEvents envelope.

use chrono::{DateTime, TimeDelta, Utc};

use super::content::Content;
use super::error::DecodeError;
use super::json::Json;
use super::members::Members;
use crate::inbound::event::{Event, InboundData};
use crate::{limits, names, traceparent};

/// Decodes the event of type `T` in a message, reading its data with `data`.
///
/// The checks are made in this order: whether it is a CloudEvent, its type, its members.
pub(crate) fn decode<T: InboundData>(
    content: &Content<'_>,
    now: DateTime<Utc>,
    data: impl FnOnce(&mut Members) -> Option<T>,
) -> Result<Event<T>, DecodeError> {
    let Typed { event_type, members } = read_type(content)?;
    if event_type != T::EVENT_TYPE {
        let detail = format!("`type` must be \"{}\" in this queue", T::EVENT_TYPE);
        return Err(DecodeError::unknown_type(detail));
    }
    decode_members(members, now, data)
}

/// A CloudEvent whose type was read.
pub(crate) struct Typed {
    /// The type.
    pub(crate) event_type: String,
    /// All other members.
    pub(crate) members: Members,
}

/// Reads whether it is a CloudEvent, and its type.
pub(crate) fn read_type(content: &Content<'_>) -> Result<Typed, DecodeError> {
    let mut members = Members::of_event(content.read()?);
    let version = members.text("specversion", 1..=limits::ID);
    if version.is_some_and(|version| version != names::SPEC_VERSION) {
        members.refuse::<()>("specversion", "must be \"1.0\"");
    }
    let event_type = members.text("type", 1..=limits::SOURCE);
    // The mistakes in both, where one is missing.
    match event_type {
        Some(event_type) if !members.has_mistakes() => Ok(Typed { event_type, members }),
        Some(_) | None => members.finish(None),
    }
}

/// Reads the members of an event of type `T`.
pub(crate) fn decode_members<T: InboundData>(
    mut event: Members,
    now: DateTime<Utc>,
    data: impl FnOnce(&mut Members) -> Option<T>,
) -> Result<Event<T>, DecodeError> {
    let id = event.text("id", 1..=limits::ID);
    let source = event.text("source", 1..=limits::SOURCE);
    let time = time(&mut event, now);
    let traceparent = traceparent(&mut event);
    let data = event.data(data);
    let whole = match (id, source, time, data) {
        (Some(id), Some(source), Some(time), Some(data)) => {
            Some(Event { id, source, time, traceparent, data })
        }
        _ => None,
    };
    event.finish(whole)
}

fn time(event: &mut Members, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let time = event.time("time")?;
    let ahead = TimeDelta::from_std(limits::CLOCK_AHEAD).unwrap_or(TimeDelta::MAX);
    if time - now > ahead {
        return event.refuse("time", "is more than 5 minutes ahead of this worker's clock");
    }
    Some(time)
}

fn traceparent(event: &mut Members) -> Option<String> {
    match event.optional("traceparent")? {
        Json::Text(text) => traceparent::valid(&text),
        Json::Null | Json::Integer(_) | Json::List(_) | Json::Object(_) | Json::Other => None,
    }
}
