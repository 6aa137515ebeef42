//! The client's runtime: Tokio, with streams of this crate.

use std::future::ready;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

use crate::stream::FrameStream;

/// The runtime for the client, bound to the current runtime of Tokio.
pub(crate) fn runtime() -> Runtime<RuntimeParts<Tokio, FrameReactor>> {
    Runtime::new(RuntimeParts::new(Tokio::current(), FrameReactor(Tokio::current())))
}

/// Tokio's timers; only the type of the streams differs.
#[derive(Debug, Clone)]
pub(crate) struct FrameReactor(Tokio);

impl Reactor for FrameReactor {
    type TcpStream = FrameStream;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    /// The client does not call it, because [`crate::connect`] gives it a stream.
    fn tcp_connect_addr(
        &self,
        _: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        ready(Err(io::Error::from(io::ErrorKind::Unsupported)))
    }
}
