//! The broker's version, from `connection.start`, the first method that a broker sends.

use std::io;
use std::time::Duration;

use amqp_stream::Transport;
use lapin::types::AMQPValue;
use lapin::types::parsing::parse_field_table;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::broker_url;

/// The protocol header, which a client of AMQP 0-9-1 sends first.
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// Type, channel, size of the payload.
const FRAME_HEAD: usize = 7;
/// Class and method of `connection.start` and the protocol's version, before the table.
const START_HEAD: &[u8] = &[0, 10, 0, 10, 0, 9];
/// The maximum size that is read; `connection.start` has about 500 bytes.
const SIZE_MAX: usize = 64 << 10;

/// The version of the broker, such as `3.10.8`. It needs a connection of its own, because the client
/// does not expose `connection.start`; that connection ends there, which leaves a line in the broker's
/// log. `None` where no broker answers within the time.
pub async fn server_version(url: &str, timeout: Duration) -> Option<String> {
    tokio::time::timeout(timeout, connection_start(url)).await.ok()?.as_deref().and_then(version)
}

async fn connection_start(url: &str) -> Option<Vec<u8>> {
    let uri = broker_url::parse(url).ok()?;
    let mut stream = Transport::open(&uri).await.ok()?;
    let read: io::Result<Vec<u8>> = async {
        stream.write_all(PROTOCOL_HEADER).await?;
        stream.flush().await?;
        let mut head = [0; FRAME_HEAD];
        stream.read_exact(&mut head).await?;
        let [_, _, _, size @ ..] = head;
        let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
        let mut payload = vec![0; size.min(SIZE_MAX)];
        stream.read_exact(&mut payload).await?;
        Ok(payload)
    }
    .await;
    let _ = stream.shutdown().await;
    read.ok()
}

fn version(start: &[u8]) -> Option<String> {
    let (_, properties) = parse_field_table(start.strip_prefix(START_HEAD)?).ok()?;
    match properties.inner().get("version")? {
        AMQPValue::LongString(version) => Some(version.to_string()),
        _ => None,
    }
}
