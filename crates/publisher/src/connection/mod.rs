//! Connections to the broker: opening one, watching it, and the wait before the next one.

mod broker_nodes;
pub(crate) mod broker_url;
mod connect;
mod process_name;
mod reconnect;
mod server_version;
pub(crate) mod watch;

pub use broker_nodes::BrokerNodes;
pub use broker_url::InvalidUrl;
pub use connect::{ConnectError, connect};
pub use process_name::ProcessName;
pub use reconnect::Reconnect;
pub use server_version::server_version;
