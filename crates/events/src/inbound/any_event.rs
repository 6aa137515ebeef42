//! An event of any inbound type, for checking one outside a queue.

use chrono::{DateTime, Utc};

use super::booking_status::{self, BookingStatus};
use super::decode::content::Content;
use super::decode::envelope::{self, Typed};
use super::decode::error::DecodeError;
use super::event::{Event, InboundData};
use super::open_request::{self, OpenRequest};

/// An event that a booking system publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundEvent {
    /// `booking.status.v1`.
    BookingStatus(Event<BookingStatus>),
    /// `lock.open-request.v1`.
    OpenRequest(Event<OpenRequest>),
}

/// Decodes a message by the type that its event names; `now` is the worker's clock.
///
/// # Errors
///
/// [`DecodeError`], as the worker has it for a message in the queue of this type.
pub fn decode_event<'a>(
    message: impl Into<Content<'a>>,
    now: DateTime<Utc>,
) -> Result<InboundEvent, DecodeError> {
    let Typed { event_type, members } = envelope::read_type(&message.into())?;
    match event_type.as_str() {
        BookingStatus::EVENT_TYPE => {
            let read = |data: &mut _| booking_status::read(data, now);
            envelope::decode_members(members, now, read).map(InboundEvent::BookingStatus)
        }
        OpenRequest::EVENT_TYPE => {
            let event = envelope::decode_members(members, now, open_request::read);
            event.map(InboundEvent::OpenRequest)
        }
        _ => Err(DecodeError::unknown_type(format!(
            "`type` must be \"{}\" or \"{}\"",
            BookingStatus::EVENT_TYPE,
            OpenRequest::EVENT_TYPE
        ))),
    }
}
