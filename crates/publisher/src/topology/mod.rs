//! The exchanges and queues of the contract (`docs/contract.md`, RabbitMQ): `arguments` has the
//! queues' arguments, `declare` declares everything, `inspect` looks at it.

mod arguments;
mod declare;
mod error;
mod inspect;

pub use declare::{QueueState, declare, queue_state};
pub use error::{TopologyError, TopologyKind};
pub use inspect::{TopologyItem, TopologyItemState, inspect, is_missing};
