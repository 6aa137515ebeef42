//! The events that postern receives (`docs/contract.md`, Inbound): `decode` turns bytes into an
//! [`event::Event`] around the data of [`booking_status`] or [`open_request`].

pub mod any_event;
pub mod booking_status;
mod decode;
pub mod event;
pub mod open_request;

pub use decode::content::{ATTRIBUTE_PREFIXES, Content};
pub use decode::error::{DecodeError, DecodeErrorKind};
