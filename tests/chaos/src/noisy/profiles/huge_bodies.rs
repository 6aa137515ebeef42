//! Messages as large as RabbitMQ permits.

use super::super::trouble_phase::TroublePhase;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};

const MESSAGES: usize = 8;
/// RabbitMQ's default limit is 128 MiB up to version 3, and 16 MiB since version 4.
const SIZES: [usize; 3] = [100_000_000, 16_000_000, 1_100_000];

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    phase.trouble_begins().await;
    let mut permitted = SIZES.into_iter();
    let mut size = permitted.next();
    for _ in 0..MESSAGES {
        while let Some(bytes) = size
            && publish(phase, bytes).await.is_err()
        {
            size = permitted.next();
        }
    }
    assert!(size.is_some(), "RabbitMQ permits no message of {SIZES:?} bytes");
    phase.trouble_ends().await;
}

/// Publishes a message of this size; an error if the broker refuses it.
async fn publish(phase: &TroublePhase<'_>, size: usize) -> lapin::Result<()> {
    let url = phase.system.setup.vhost.url();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let (options, key) = (BasicPublishOptions::default(), "lock.open-request".into());
    let (body, properties) = (vec![b'x'; size], BasicProperties::default().with_delivery_mode(2));
    let sent = channel.basic_publish("postern.inbound".into(), key, options, &body, properties);
    sent.await?.await?;
    connection.close(200, "published".into()).await
}
