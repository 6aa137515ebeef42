//! The transport below the AMQP client: TCP and TLS, and a filter for what the broker sends.
//!
//! RabbitMQ forwards what any publisher writes into names, properties and headers. The client's parser ends
//! the connection on a name that is not UTF-8, and the process on deeply nested headers. It also keeps a body
//! of any size in memory. Therefore each incoming frame passes a [`FrameFilter`] first.
//!
//! - `connect`: [`connect`] opens a connection of the client over this transport.
//! - `runtime`: the client's runtime, whose streams are of this crate.
//! - `stream`: the stream that the client reads and writes.
//! - `transport`: [`Transport`], TCP with or without TLS.
//! - `frames`: the filter. It knows AMQP 0-9-1 and nothing of connections.

mod connect;
mod frames;
mod runtime;
mod stream;
mod transport;

pub use connect::connect;
pub use frames::{
    BODY_BYTES_HEADER, FrameFilter, InvalidFrame, Limits, NESTING_MAX, REPAIRED_HEADER, VALUES_MAX,
};
pub use transport::Transport;
