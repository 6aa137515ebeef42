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
    data: impl FnOnce(&mut Members) -> Result<T, DecodeError>,
) -> Result<Event<T>, DecodeError> {
    let mut event = Members::of_event(content.read()?);
    if event.text("specversion", 1..=limits::ID)? != names::SPEC_VERSION {
        return Err(event.refuse("specversion", "must be \"1.0\""));
    }
    if event.text("type", 1..=limits::SOURCE)? != T::EVENT_TYPE {
        let detail = format!("`type` must be \"{}\" in this queue", T::EVENT_TYPE);
        return Err(DecodeError::unknown_type(detail));
    }
    Ok(Event {
        id: event.text("id", 1..=limits::ID)?,
        source: event.text("source", 1..=limits::SOURCE)?,
        time: time(&mut event, now)?,
        traceparent: traceparent(&mut event),
        data: data(&mut event.data()?)?,
    })
}

fn time(event: &mut Members, now: DateTime<Utc>) -> Result<DateTime<Utc>, DecodeError> {
    let time = event.time("time")?;
    let ahead = TimeDelta::from_std(limits::CLOCK_AHEAD).unwrap_or(TimeDelta::MAX);
    if time - now > ahead {
        return Err(event.refuse("time", "is more than 5 minutes ahead of this worker's clock"));
    }
    Ok(time)
}

fn traceparent(event: &mut Members) -> Option<String> {
    match event.optional("traceparent")? {
        Json::Text(text) => traceparent::valid(&text),
        Json::Null | Json::Integer(_) | Json::List(_) | Json::Object(_) | Json::Other => None,
    }
}
