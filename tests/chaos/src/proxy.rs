//! A TCP proxy on loopback that can be told to misbehave while it runs.

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

#[cfg(test)]
mod tests {
    use super::*;
    use end_to_end::deadline::{SOON, until_true, within};
    use std::time::Instant;

    /// Answers every byte with itself.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        port
    }

    async fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", proxy.port())).await
    }

    async fn says(stream: &mut TcpStream, word: &[u8]) -> io::Result<()> {
        stream.write_all(word).await?;
        let mut answer = vec![0; word.len()];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, word);
        Ok(())
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_and_so_does_the_end() {
        let proxy = Proxy::start(echo().await).await;
        let mut stream = connect(&proxy).await.expect("it listens");
        says(&mut stream, b"hello").await.expect("it passes");
        stream.shutdown().await.expect("an end");
        let read = within("the end", SOON, stream.read(&mut [0; 8])).await;
        assert_eq!(read.expect("an orderly end"), 0);
    }

    #[tokio::test]
    async fn a_reset_cuts_old_and_new_connections_and_is_over_when_it_is_over() {
        let proxy = Proxy::start(echo().await).await;
        let mut old = connect(&proxy).await.expect("it listens");
        says(&mut old, b"before").await.expect("it passes");
        proxy.switch(Mode::Reset);
        let cut = within("the cut", SOON, old.read(&mut [0; 8])).await;
        assert_eq!(cut.expect_err("RST").kind(), io::ErrorKind::ConnectionReset);
        let mut new = connect(&proxy).await.expect("it still listens");
        assert!(within("the cut", SOON, new.read(&mut [0; 8])).await.is_err());
        proxy.switch(Mode::Pass);
        says(&mut connect(&proxy).await.expect("it listens"), b"after").await.expect("it passes");
    }

    #[tokio::test]
    async fn a_black_hole_swallows_and_what_is_lost_never_comes() {
        let proxy = Proxy::start(echo().await).await;
        let mut lossy = connect(&proxy).await.expect("it listens");
        let mut quiet = connect(&proxy).await.expect("it listens");
        says(&mut lossy, b"before").await.expect("it passes");
        says(&mut quiet, b"before").await.expect("it passes");
        proxy.switch(Mode::BlackHole);
        lossy.write_all(b"lost").await.expect("it is accepted");
        let mut new = connect(&proxy).await.expect("it accepts");
        new.write_all(b"lost too").await.expect("it is accepted");
        let mut answer = [0; 8];
        let answer = tokio::time::timeout(Duration::from_millis(200), lossy.read(&mut answer));
        assert!(answer.await.is_err(), "nothing comes back and nothing ends");
        proxy.switch(Mode::Pass);
        assert!(within("its end", SOON, lossy.read(&mut [0; 8])).await.is_err());
        assert!(within("its end", SOON, new.read(&mut [0; 8])).await.is_err());
        says(&mut quiet, b"nothing was lost here").await.expect("it passes");
    }

    #[tokio::test]
    async fn slow_takes_its_time() {
        let proxy = Proxy::start(echo().await).await;
        let mut stream = connect(&proxy).await.expect("it listens");
        let latency = Duration::from_millis(100);
        proxy.switch(Mode::Slow { latency, bytes_per_second: 1000 });
        let started = Instant::now();
        says(&mut stream, &[7; 100]).await.expect("it comes in the end");
        // There and back, each with 100 bytes at 1000 a second.
        assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn refused_means_that_nobody_listens() {
        let proxy = Proxy::start(echo().await).await;
        let mut old = connect(&proxy).await.expect("it listens");
        says(&mut old, b"before").await.expect("it passes");
        proxy.switch(Mode::Refuse);
        assert!(within("the cut", SOON, old.read(&mut [0; 8])).await.is_err());
        until_true("a refusal", SOON, || async {
            connect(&proxy)
                .await
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        })
        .await;
        proxy.switch(Mode::Pass);
        until_true("the port to be back", SOON, || async {
            match connect(&proxy).await {
                Ok(mut stream) => says(&mut stream, b"after").await.is_ok(),
                Err(_) => false,
            }
        })
        .await;
    }
}
