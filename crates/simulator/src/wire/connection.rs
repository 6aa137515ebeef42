//! TCP connections that can be broken on purpose, so that the client sees a real network fault.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How a connection's next answer ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum AnswerEnding {
    /// Complete.
    #[default]
    Whole,
    /// RST in place of the answer.
    Reset,
    /// The end of the connection in place of the answer.
    Close,
    /// The head and half the body (half the head, where there is no body), then the end of the
    /// connection.
    Half,
}

/// Sets how the next answer on a connection ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionControl(Arc<Mutex<AnswerEnding>>);

impl ConnectionControl {
    pub(crate) fn set(&self, ending: AnswerEnding) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ending;
    }

    fn get(&self) -> AnswerEnding {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP listener whose connections carry a [`ConnectionControl`].
pub(crate) struct BreakableListener(pub(crate) TcpListener);

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = (SocketAddr, ConnectionControl);

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // An answer is a single write, so Nagle's algorithm would only add latency.
        let _ = tcp.set_nodelay(true);
        let control = ConnectionControl::default();
        (BreakableStream { tcp, control: control.clone() }, (address, control))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok((self.0.local_addr()?, ConnectionControl::default()))
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for ConnectionControl {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.remote_addr().1.clone()
    }
}

pub(crate) struct BreakableStream {
    tcp: TcpStream,
    control: ConnectionControl,
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

/// Vectored writes are not offered, so that head and body of an answer arrive in one call.
/// After an error, hyper drops the stream, which closes the socket.
impl AsyncWrite for BreakableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.control.get() {
            AnswerEnding::Reset => {
                // With linger set to zero, closing the socket sends RST.
                let _ = self.tcp.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            AnswerEnding::Close => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            AnswerEnding::Half => {
                ready!(Pin::new(&mut self.tcp).poll_write(cx, first_half(buf)))?;
                Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
            }
            AnswerEnding::Whole => Pin::new(&mut self.tcp).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

fn first_half(answer: &[u8]) -> &[u8] {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let body = answer.len() - head;
    &answer[..if body == 0 { head / 2 } else { head + body / 2 }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_answer_is_its_head_and_half_its_body() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
        let answer = format!("{head}body");
        assert_eq!(first_half(answer.as_bytes()), format!("{head}bo").as_bytes());
        assert_eq!(first_half(head.as_bytes()), &head.as_bytes()[..head.len() / 2]);
    }
}
