//! A TCP proxy on loopback whose mode (pass, cut, delay, …) can be changed while it runs.

#[cfg(test)]
mod tests;

use end_to_end::ports::free_port;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the proxy treats connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Pass,
    /// Cuts every open and every new connection with RST.
    Reset,
    /// Keeps connections open and accepts new ones, but drops all data, in both directions.
    BlackHole,
    /// Delays each piece of data, and limits the rate.
    Slow { latency: Duration, bytes_per_second: u32 },
    /// Does not listen; cuts open connections.
    Refuse,
    /// Passes this number of pieces of data from the server on, in each connection; then it loses the next one and cuts
    /// the connection with RST. The server has executed the command whose reply is lost.
    LoseReplies { passed_on: u32 },
}

impl Mode {
    fn cuts(self) -> bool {
        match self {
            Self::Reset | Self::Refuse => true,
            Self::Pass | Self::BlackHole | Self::Slow { .. } | Self::LoseReplies { .. } => false,
        }
    }
}

/// A proxy; it ends when dropped. The first mode is [`Mode::Pass`].
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    task: JoinHandle<()>,
}

const PIECE: usize = 16 * 1024;
const AGAIN: Duration = Duration::from_millis(20);

impl Proxy {
    /// Starts a proxy to a port of this machine.
    pub async fn start(upstream: u16) -> Self {
        let (mode, modes) = watch::channel(Mode::Pass);
        let (port, listener) = loop {
            let port = free_port();
            if let Ok(listener) = listen(port) {
                break (port, listener);
            }
        };
        let upstream = SocketAddr::from(([127, 0, 0, 1], upstream));
        let task = tokio::spawn(serve(port, listener, upstream, modes));
        Self { port, mode, task }
    }

    /// The port of 127.0.0.1 on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the mode, for open and new connections.
    pub fn switch(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // The port may have old connections in TIME_WAIT when the proxy listens again.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(1024)
}

async fn serve(
    port: u16,
    listener: TcpListener,
    upstream: SocketAddr,
    mut modes: watch::Receiver<Mode>,
) {
    let mut open = Some(listener);
    // Connections end with the proxy: aborting this task drops the set.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        if *modes.borrow_and_update() == Mode::Refuse {
            open = None;
            if modes.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(listener) = &open else {
            open = listen(port).ok();
            if open.is_none() {
                tokio::time::sleep(AGAIN).await;
            }
            continue;
        };
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(connection(client, upstream, modes.clone()));
            },
            changed = modes.changed() => if changed.is_err() { return },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Passes one connection on until it ends.
async fn connection(mut client: TcpStream, upstream: SocketAddr, mut modes: watch::Receiver<Mode>) {
    let _ = client.set_nodelay(true);
    if *modes.borrow() == Mode::BlackHole {
        let (mut read, _write) = client.split();
        drop_data(&mut read, &mut modes).await;
        let _ = client.set_zero_linger();
        return;
    }
    let server = if modes.borrow().cuts() { None } else { TcpStream::connect(upstream).await.ok() };
    let Some(mut server) = server else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = server.set_nodelay(true);
    let complete = {
        let (mut client_read, mut client_write) = client.split();
        let (mut server_read, mut server_write) = server.split();
        let (mut up, mut down, mut cut) = (modes.clone(), modes.clone(), modes.clone());
        let both = async {
            tokio::try_join!(
                pass_on(Sender::Client, &mut client_read, &mut server_write, &mut up),
                pass_on(Sender::Server, &mut server_read, &mut client_write, &mut down),
            )
        };
        tokio::select! {
            ended = both => ended.is_ok(),
            _ = cut.wait_for(|mode| mode.cuts()) => false,
        }
    };
    if !complete {
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

/// One direction of a connection has failed; the other one is of no use either.
struct Failed;

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// The side of a connection that sends the data of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Client,
    Server,
}

/// Passes one direction on until its sender ends it.
async fn pass_on(
    sender: Sender,
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    modes: &mut watch::Receiver<Mode>,
) -> Result<(), Failed> {
    let mut piece = vec![0; PIECE];
    let mut replies = 0;
    loop {
        let read = from.read(&mut piece).await?;
        let mode = *modes.borrow_and_update();
        match mode {
            Mode::Pass => {}
            Mode::Slow { latency, bytes_per_second } => {
                let transfer = Duration::from_secs(1)
                    .mul_f64(read as f64 / f64::from(bytes_per_second.max(1)));
                tokio::time::sleep(latency + transfer).await;
            }
            Mode::BlackHole => {
                // Lost data cannot arrive later: when the mode changes, this connection is of no use.
                drop_data(from, modes).await;
                return Err(Failed);
            }
            Mode::Reset | Mode::Refuse => return Err(Failed),
            Mode::LoseReplies { passed_on } => {
                replies += u32::from(sender == Sender::Server);
                if replies > passed_on {
                    return Err(Failed);
                }
            }
        }
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&piece[..read]).await?;
    }
}

/// Reads and drops data until the mode changes.
async fn drop_data(from: &mut ReadHalf<'_>, modes: &mut watch::Receiver<Mode>) {
    let mut piece = vec![0; PIECE];
    let mut ended = false;
    loop {
        tokio::select! {
            read = from.read(&mut piece), if !ended => ended = !matches!(read, Ok(1..)),
            _ = modes.wait_for(|mode| *mode != Mode::BlackHole) => return,
        }
    }
}
