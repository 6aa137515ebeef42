//! The wire: the events postern takes in and sends out, and the names they travel under.
//!
//! Inward, bytes become events that hold only what the contract knows, checked member by member:
//!
//! - [`decode_booking_status`] and [`decode_open_request`], with [`DecodeError`] for everything else.
//! - [`Event`], the envelope, around [`BookingStatus`] or [`OpenRequest`].
//!
//! Outward, an [`Outbound`] is a whole CloudEvent that serialises to the same bytes every time:
//!
//! - [`answer`]: what a request can end in, [`Opened`], [`OpenRejected`], [`OpenFailed`], and
//!   [`CheckIn`]; [`attention`]: [`IqAttention`].
//! - [`identity`]: ids derived from the request, so that saying it twice is saying it once.
//!
//! Beside them: [`names`] for exchanges, queues, keys and headers, [`limits`] for sizes, and
//! [`schema`] for the JSON Schemas and the AsyncAPI document under `schemas/`.

pub mod answer;
pub mod attention;
pub mod booking_status;
mod decode;
pub mod event;
pub mod identity;
pub mod limits;
pub mod names;
pub mod open_request;
pub mod outbound;
pub mod schema;
mod timestamp;
mod traceparent;

pub use answer::{CheckIn, OpenFailed, OpenRejected, Opened, RequestRef};
pub use attention::{IqAttention, IqState};
pub use booking_status::{BookingStatus, decode_booking_status};
pub use decode::error::{DecodeCode, DecodeError};
pub use event::{Event, InboundData};
pub use identity::{Role, event_id, request_key};
pub use open_request::{OpenRequest, decode_open_request};
pub use outbound::{Outbound, OutboundData};
pub use traceparent::trace_id;
