//! RabbitMQ, from the side of a client: connections, topology, messages, publishing.
//!
//! - `connection`: [`connect`] opens a connection, plain or TLS, within a time, [`BrokerNodes`] one to any
//!   node of a cluster; [`Reconnect`] gives the wait before the next attempt; [`server_version`] asks the broker for its version. No connection
//!   here reconnects by itself: its user builds everything on it anew.
//! - `topology`: [`declare`] declares the exchanges and queues of the contract; [`queue_state`] reads
//!   the state of one queue, [`inspect`] that of everything.
//! - `message`: a [`ReceivedMessage`] came out of a queue, a [`Message`] is ready to be published.
//!   [`Message::event`] and [`Message::inbound`] make one of an event. A [`HeaderKey`] proves which
//!   headers are postern's own.
//! - `dead_letter`: [`Message::dead_letter`] makes a dead letter of a received message and a
//!   [`DeadLetter`], [`DeadLetterHeaders`] reads its headers, [`Message::replay`] returns it to its queue.
//! - `parking`: [`Message::parked`] lets a message wait in a retry queue, for one of the
//!   [`RETRY_DELAYS`].
//! - `publishing`: a [`Publisher`] publishes over a pool of channels, one unconfirmed message per
//!   channel, and returns the result of each.

mod connection;
mod dead_letter;
mod message;
mod parking;
mod publishing;
mod topology;

pub use connection::{
    BrokerNodes, ConnectError, InvalidUrl, ProcessName, Reconnect, connect, server_version,
};
pub use dead_letter::{CannotReplay, DeadLetter, DeadLetterHeaders, RecordedReason};
pub use message::{HeaderKey, Message, ReceivedMessage};
pub use parking::{RETRY_DELAYS, retry_delay};
pub use publishing::{PublishError, Publisher};
pub use topology::{
    QueueState, TopologyError, TopologyItem, TopologyItemState, TopologyKind, declare, inspect,
    is_missing, queue_state,
};
