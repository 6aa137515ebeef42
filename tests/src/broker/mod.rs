//! RabbitMQ, seen from outside: nodes, virtual hosts, and a bus to publish and listen on.

mod bus;
mod event;
mod management;
mod outbox;
mod private;
mod vhost;

pub use bus::{Bus, DeadLetter};
pub use event::Event;
pub use outbox::Outbox;
pub use private::PrivateBroker;
pub use vhost::Vhost;
