//! The wire format: the events that postern receives and publishes, and the names of their exchanges,
//! queues, keys and headers (`docs/contract.md`, Events).
//!
//! Inbound, bytes become events that hold only what the contract names, checked member by member:
//!
//! - [`decode_booking_status`] and [`decode_open_request`], with [`DecodeError`] for everything else;
//!   [`decode_event`] for both types, outside a queue.
//! - [`Event`], the envelope, around [`BookingStatus`] or [`OpenRequest`].
//!
//! Outbound, an [`Outbound`] is a whole CloudEvent that serialises to the same bytes every time:
//!
//! - [`OutboundType`]: the list of the event types.
//! - [`outbound::answer`]: the answers to a request, [`Opened`], [`OpenRejected`] and [`OpenFailed`],
//!   [`CheckIn`] and [`OpenConfirmed`]; [`outbound::attention`]: the notices, [`IqAttention`],
//!   [`IntegrationAttention`] and [`BookingAtRisk`].
//! - [`outbound::identity`]: ids derived from the request, so that a repeated event has the same id.
//!
//! Both: [`DeadLetterReason`], the reasons of dead letters; [`names`] for exchanges, queues, keys and
//! headers; [`limits`] for sizes; and [`schema`] for the JSON Schemas and the AsyncAPI document under
//! `schemas/`.

mod dead_letter_reason;
pub mod inbound;
pub mod limits;
mod member_schema;
pub mod names;
pub mod outbound;
mod refused_message;
pub mod schema;
mod timestamp;
mod traceparent;

pub use dead_letter_reason::DeadLetterReason;
pub use inbound::any_event::{InboundEvent, decode_event};
pub use inbound::booking_status::{BookingStatus, decode_booking_status};
pub use inbound::event::{Event, InboundData};
pub use inbound::open_request::{OpenRequest, decode_open_request};
pub use inbound::{ATTRIBUTE_PREFIXES, Content, DecodeError, DecodeErrorKind};
pub use outbound::answer::{
    CheckIn, ConfirmationSource, OpenConfirmed, OpenFailed, OpenRejected, Opened, RequestRef,
};
pub use outbound::attention::{
    BookingAtRisk, DoorRisk, IntegrationAttention, IntegrationState, IqAttention, IqState,
};
pub use outbound::event::{Outbound, OutboundData};
pub use outbound::event_type::OutboundType;
pub use outbound::identity::{Role, event_id, request_key};
pub use refused_message::RefusedMessage;
pub use traceparent::trace_id;
