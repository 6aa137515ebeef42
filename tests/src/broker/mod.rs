//! RabbitMQ: nodes, virtual hosts, a bus to publish on, and a listener for outbound events.

mod balancer;
mod bus;
mod cluster;
mod connection;
mod dead_letter;
mod event;
mod load_connection;
mod management;
mod node;
mod outbound;
mod private;
mod raw_publisher;
mod vhost;

pub use balancer::Balancer;
pub use bus::Bus;
pub use cluster::PrivateCluster;
pub use dead_letter::DeadLetter;
pub use event::Event;
pub use load_connection::LoadConnection;
pub use outbound::OutboundListener;
pub use private::PrivateBroker;
pub use raw_publisher::{RawMessage, RawPublisher, long, short};
pub use vhost::Vhost;

/// The queues in which open requests wait for the next attempt.
pub const RETRY_QUEUES: [&str; 5] = [
    "postern.retry.open-requests.250ms",
    "postern.retry.open-requests.1s",
    "postern.retry.open-requests.4s",
    "postern.retry.open-requests.16s",
    "postern.retry.open-requests.64s",
];

/// The queues in which booking statuses wait for the next attempt.
pub const BOOKING_RETRY_QUEUES: [&str; 4] = [
    "postern.retry.booking-status.1s",
    "postern.retry.booking-status.4s",
    "postern.retry.booking-status.16s",
    "postern.retry.booking-status.64s",
];

/// The queue of open requests and its retry queues.
pub fn request_queues() -> impl Iterator<Item = &'static str> {
    std::iter::once("postern.open-requests").chain(RETRY_QUEUES)
}
