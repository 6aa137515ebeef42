//! Opening a connection of the client over this transport.

use std::io;
use std::time::Duration;

use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::frames::{FrameFilter, Limits};
use crate::runtime::runtime;
use crate::stream::FrameStream;
use crate::transport::Transport;

/// Opens a connection, on the current Tokio runtime. What the broker sends passes a [`FrameFilter`], which
/// leaves out bodies of more than `body_max` bytes.
///
/// The client opens it in a thread of its own, which ends after `timeout` where the broker has not opened
/// the connection until then, whether or not the caller still waits.
///
/// # Errors
/// Those of the client, of TCP and of TLS.
pub async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    body_max: u64,
    timeout: Duration,
) -> lapin::Result<Connection> {
    let deadline = Instant::now() + timeout;
    let frame_max = uri.query.frame_max.unwrap_or_default();
    let limits = Limits { frame_max, body_max };
    let open = async move |uri: AMQPUri, _| {
        let transport = timeout_at(deadline, Transport::open(&uri)).await;
        let transport = transport.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let filter = FrameFilter::new(limits);
        let stream = FrameStream::new(transport, filter, sleep_until(deadline));
        Ok(AsyncTcpStream::Plain(stream))
    };
    Connection::connector(uri, runtime(), open, properties).await
}
