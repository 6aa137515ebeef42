//! Dead letters (`docs/contract.md`, RabbitMQ): `letter` makes one, `headers` reads its headers,
//! `replay` returns it to its queue.

pub(crate) mod headers;
mod letter;
mod replay;

pub use headers::{DeadLetterHeaders, RecordedReason};
pub use letter::DeadLetter;
pub use replay::CannotReplay;
