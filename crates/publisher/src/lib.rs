//! RabbitMQ, outward.
//!
//! - [`connect`] opens a connection, plain or TLS, within a time; [`Reconnect`] says how long to
//!   wait before the next attempt. Nothing here reconnects by itself: whoever uses a connection
//!   builds everything on it anew.
//! - [`declare`] sets up the contract's exchanges and queues; [`queue_state`] looks at one of them,
//!   [`inspect`] at all, and [`server_version`] asks the broker who it is.
//! - [`Publisher`] publishes [`Message`]s, one unconfirmed message per channel over a pool of
//!   channels, and says of each what became of it.
//! - [`Message::event`], [`Message::inbound`] and [`Message::dead_letter`] make messages, the last
//!   from an [`Arrival`] and a [`DeadLetter`]. The way back: [`Label`] reads a dead letter's headers,
//!   [`Message::replay`] sends it to the queue it comes from.
//! - [`Message::parked`] lets a message wait in a retry queue, for one of the [`RETRY_DELAYS`].

mod arrival;
mod broker_url;
mod channels;
mod connect;
mod dead_letter;
mod death;
mod direct;
mod first_arrival;
mod greeting;
mod header_size;
mod headers;
mod inspect;
mod label;
mod message;
mod park;
mod properties;
mod publish;
mod reconnect;
mod replay;
mod topology;
mod watch;

pub use arrival::Arrival;
pub use broker_url::InvalidUrl;
pub use connect::{ConnectError, connect};
pub use dead_letter::DeadLetter;
pub use greeting::server_version;
pub use inspect::{Part, PartState, inspect};
pub use label::Label;
pub use message::Message;
pub use park::RETRY_DELAYS;
pub use publish::{PublishError, Publisher};
pub use reconnect::Reconnect;
pub use replay::NoOrigin;
pub use topology::{DELIVERY_LIMIT_REASON, QueueState, TopologyError, declare, queue_state};
