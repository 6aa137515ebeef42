//! A TCP proxy on loopback that can be told to misbehave while it runs.

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

/// How the way between two parties is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As if there were no proxy.
    Pass,
    /// Every connection is cut with RST, at once; so is every new one.
    Reset,
    /// Connections stay open and new ones are accepted; what is written is swallowed, both ways.
    BlackHole,
    /// Each piece takes so long, and no more bytes a second come through than this.
    Slow { latency: Duration, bytes_per_second: u32 },
    /// Nobody listens; open connections are cut.
    Refuse,
}

impl Mode {
    /// Whether nothing at all comes through.
    pub fn severs(self) -> bool {
        match self {
            Self::Pass | Self::Slow { .. } => false,
            Self::Reset | Self::BlackHole | Self::Refuse => true,
        }
    }

    fn cuts(self) -> bool {
        match self {
            Self::Reset | Self::Refuse => true,
            Self::Pass | Self::BlackHole | Self::Slow { .. } => false,
        }
    }
}

/// One way, open as long as this lives. It begins with [`Mode::Pass`].
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    task: JoinHandle<()>,
}

const PIECE: usize = 16 * 1024;
const AGAIN: Duration = Duration::from_millis(20);

impl Proxy {
    /// In front of a port of this machine.
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

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, for connections that are open and those to come.
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
    // It comes back to its port while old connections linger there.
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

/// Carries one connection to its end.
async fn connection(mut client: TcpStream, upstream: SocketAddr, mut modes: watch::Receiver<Mode>) {
    let _ = client.set_nodelay(true);
    if *modes.borrow() == Mode::BlackHole {
        let (mut read, _write) = client.split();
        swallow(&mut read, &mut modes).await;
        let _ = client.set_zero_linger();
        return;
    }
    let server = if modes.borrow().cuts() { None } else { TcpStream::connect(upstream).await.ok() };
    let Some(mut server) = server else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = server.set_nodelay(true);
    let whole = {
        let (mut client_read, mut client_write) = client.split();
        let (mut server_read, mut server_write) = server.split();
        let (mut up, mut down, mut cut) = (modes.clone(), modes.clone(), modes.clone());
        let both = async {
            tokio::try_join!(
                carry(&mut client_read, &mut server_write, &mut up),
                carry(&mut server_read, &mut client_write, &mut down),
            )
        };
        tokio::select! {
            ended = both => ended.is_ok(),
            _ = cut.wait_for(|mode| mode.cuts()) => false,
        }
    };
    if !whole {
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

/// A connection that cannot go on; the other direction is of no use either.
struct Broken;

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// One direction, to the end that its sender wants.
async fn carry(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    modes: &mut watch::Receiver<Mode>,
) -> Result<(), Broken> {
    let mut piece = vec![0; PIECE];
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
                // What is lost cannot come later: such a connection is of no use when the hole closes.
                swallow(from, modes).await;
                return Err(Broken);
            }
            Mode::Reset | Mode::Refuse => return Err(Broken),
        }
        if read == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&piece[..read]).await?;
    }
}

/// Until the mode is another.
async fn swallow(from: &mut ReadHalf<'_>, modes: &mut watch::Receiver<Mode>) {
    let mut piece = vec![0; PIECE];
    let mut ended = false;
    loop {
        tokio::select! {
            read = from.read(&mut piece), if !ended => ended = !matches!(read, Ok(1..)),
            _ = modes.wait_for(|mode| *mode != Mode::BlackHole) => return,
        }
    }
}
