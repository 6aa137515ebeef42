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

/// The queues in which open requests wait to be tried again.
pub const RETRY_QUEUES: [&str; 5] = [
    "postern.retry.open-requests.250ms",
    "postern.retry.open-requests.1s",
    "postern.retry.open-requests.4s",
    "postern.retry.open-requests.16s",
    "postern.retry.open-requests.64s",
];

/// The queue of open requests, and those in which they wait.
pub fn request_queues() -> impl Iterator<Item = &'static str> {
    std::iter::once("postern.open-requests").chain(RETRY_QUEUES)
}
