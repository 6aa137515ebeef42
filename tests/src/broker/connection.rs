//! Connections and channels to the broker.

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, ConnectionProperties};

pub(super) async fn connection(url: &str) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name("test".into());
    Connection::connect(url, properties).await
}

/// A channel with publisher confirms.
pub(super) async fn confirming(connection: &Connection) -> Channel {
    let channel = connection.create_channel().await.expect("a channel opens");
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .expect("confirms are switched on");
    channel
}
