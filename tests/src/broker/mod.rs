//! RabbitMQ, seen from outside: nodes, virtual hosts, and a bus to publish and listen on.

mod balancer;
mod bus;
mod cluster;
mod event;
mod management;
mod node;
mod outbox;
mod private;
mod vhost;

pub use balancer::Balancer;
pub use bus::{Bus, DeadLetter};
pub use cluster::PrivateCluster;
pub use event::Event;
pub use outbox::Outbox;
pub use private::PrivateBroker;
pub use vhost::Vhost;
