//! The stream that the client reads and writes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::Sleep;

use crate::frames::FrameFilter;
use crate::transport::Transport;

/// The size of one read. Bytes.
const READ_SIZE: usize = 64 * 1024;

/// A stream whose incoming frames pass a filter. It has no task and no thread of its own: it ends with its
/// owner.
#[derive(Debug)]
pub(crate) struct FrameStream {
    transport: Transport,
    filter: FrameFilter,
    buffer: Box<[u8]>,
    /// The time until which the broker must have opened the connection.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl FrameStream {
    pub(crate) fn new(transport: Transport, filter: FrameFilter, deadline: Sleep) -> Self {
        let buffer = vec![0; READ_SIZE].into_boxed_slice();
        Self { transport, filter, buffer, deadline: Some(Box::pin(deadline)) }
    }

    fn check_deadline(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.filter.is_open() {
            self.deadline = None;
        }
        let Some(deadline) = &mut self.deadline else { return Ok(()) };
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for FrameStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        loop {
            let taken = this.filter.take(buffer);
            if taken > 0 || buffer.is_empty() {
                return Poll::Ready(Ok(taken));
            }
            this.check_deadline(cx)?;
            let mut read = ReadBuf::new(&mut this.buffer);
            ready!(Pin::new(&mut this.transport).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(0));
            }
            let fed = this.filter.feed(read.filled());
            fed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl AsyncWrite for FrameStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().transport).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(cx)
    }
}
