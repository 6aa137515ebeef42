//! Messages: as received from a queue, and ready to be published.
//!
//! `event` makes messages of events. The other modules serve to publish a received message again, as a
//! dead letter or to its queue: `header_fields` reads and writes headers, `header_size` measures them,
//! `origin` records where the message was first received, `x_death` edits the broker's own records,
//! `properties` copies properties, `requeue` addresses a message to a queue directly, `authentication`
//! proves which headers are postern's own.

pub(crate) mod authentication;
pub(crate) mod event;
pub(crate) mod header_fields;
pub(crate) mod header_size;
pub(crate) mod origin;
pub(crate) mod properties;
pub(crate) mod received;
pub(crate) mod requeue;
pub(crate) mod text;
pub(crate) mod x_death;

mod outgoing;

pub use authentication::HeaderKey;
pub use outgoing::Message;
pub use received::ReceivedMessage;
