//! Connections that can be told to break, so that a fault is one on the wire and not in a handler.

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
pub(crate) enum Ending {
    /// As it should.
    #[default]
    Whole,
    /// RST in its place.
    Reset,
    /// The end of the connection in its place.
    Close,
    /// Its head and half its body (half the head, where there is no body), then the end of the
    /// connection.
    Half,
}

/// A connection's switch, in the hands of whoever answers on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<Mutex<Ending>>);

impl Switch {
    pub(crate) fn set(&self, ending: Ending) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ending;
    }

    fn get(&self) -> Ending {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP listener whose connections carry a [`Switch`].
pub(crate) struct FaultyListener(pub(crate) TcpListener);

impl Listener for FaultyListener {
    type Io = FaultyStream;
    type Addr = (SocketAddr, Switch);

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // Answers are single writes: waiting for more would only add latency.
        let _ = tcp.set_nodelay(true);
        let switch = Switch::default();
        (FaultyStream { tcp, switch: switch.clone() }, (address, switch))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok((self.0.local_addr()?, Switch::default()))
    }
}

impl Connected<IncomingStream<'_, FaultyListener>> for Switch {
    fn connect_info(stream: IncomingStream<'_, FaultyListener>) -> Self {
        stream.remote_addr().1.clone()
    }
}

pub(crate) struct FaultyStream {
    tcp: TcpStream,
    switch: Switch,
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

/// Vectored writes are not offered, so that an answer's head and body come here in one piece.
/// After an error, hyper drops the stream, and with it closes the socket.
impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.switch.get() {
            Ending::Reset => {
                // Closing with unsent data given up is what sends RST.
                let _ = self.tcp.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Ending::Close => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Ending::Half => {
                ready!(Pin::new(&mut self.tcp).poll_write(cx, first_half(buf)))?;
                Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
            }
            Ending::Whole => Pin::new(&mut self.tcp).poll_write(cx, buf),
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
