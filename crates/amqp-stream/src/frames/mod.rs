//! The filter for incoming frames of AMQP 0-9-1.
//!
//! - `filter`: takes the stream apart into frames, and knows what each channel is about to receive.
//! - `method`: the strings of methods.
//! - `content_header`: properties and headers of a message; bodies that are too large.
//! - `table`: tables and arrays of headers.
//! - `cursor`: reading and repairing single fields.
//! - `head`, `limits`, `invalid_frame`: the head of a frame, what may reach the client, and what ends the connection.
//! - `repairs`: what was changed in a message, for its header.

mod content_header;
mod cursor;
mod filter;
mod head;
mod invalid_frame;
mod limits;
mod method;
mod repairs;
mod table;

pub use filter::FrameFilter;
pub use invalid_frame::InvalidFrame;
pub use limits::Limits;
pub use repairs::{BODY_BYTES_HEADER, REPAIRED_HEADER};
pub use table::{NESTING_MAX, VALUES_MAX};
