//! A proxy in front of a TCP server to which connecting can be made slow, as over a network that loses packets.

use crate::deadline::{SOON, until_true};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The connections that the kernel establishes before the proxy has accepted one of them: one more than this.
const BACKLOG: u32 = 15;

/// States of a connection in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";
const SYN_SENT: &str = "02";
const CLOSE_WAIT: &str = "08";

/// A proxy on loopback; it ends with all connections when dropped.
#[derive(Debug)]
pub struct TcpProxy {
    listener: Arc<TcpListener>,
    server: String,
    port: u16,
    accepting: Option<JoinHandle<()>>,
    /// Connections that take every place of the listener's queue.
    waiting: Vec<TcpStream>,
}

impl TcpProxy {
    /// Starts a proxy in front of a server on loopback, as `http://127.0.0.1:8080`. At first it passes everything on.
    ///
    /// # Panics
    /// If the address is not `http://HOST:PORT`.
    pub fn before(server: &str) -> Self {
        let server = server.strip_prefix("http://").expect("an address without TLS").to_owned();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let listener = Arc::new(socket.listen(BACKLOG).expect("it is bound"));
        let port = listener.local_addr().expect("it is bound").port();
        let mut proxy = Self { listener, server, port, accepting: None, waiting: Vec::new() };
        proxy.pass();
        proxy
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends all connections, and lets no new one be established: the kernel drops the SYN of each, and the client
    /// repeats it after a second, and later.
    ///
    /// # Panics
    /// If the clients do not end their side.
    pub async fn hold(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
        until_true("the clients to notice the end of their connections", SOON, || async {
            !self.has_client(&[ESTABLISHED, CLOSE_WAIT])
        })
        .await;
        for _ in 0..=BACKLOG {
            let waiting = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await;
            self.waiting.push(waiting.expect("the queue has a place"));
        }
    }

    /// Waits until a client has tried to connect while the proxy holds connections.
    ///
    /// # Panics
    /// If none does in time.
    pub async fn connecting(&self) {
        until_true("a client to connect", SOON, || async { self.has_client(&[SYN_SENT]) }).await;
    }

    /// From now on, it passes everything on: the next SYN of a client is answered.
    pub fn pass(&mut self) {
        self.waiting.clear();
        let (listener, server) = (Arc::clone(&self.listener), self.server.clone());
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, server.clone()));
                // Ended connections are removed from the set.
                while connections.try_join_next().is_some() {}
            }
        }));
    }

    /// Whether a client has a connection to the proxy in one of these states.
    fn has_client(&self, states: &[&str]) -> bool {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux lists its connections");
        states.iter().any(|state| table.contains(&format!(":{:04X} {state} ", self.port)))
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// Passes the bytes of a connection on until both sides have ended it.
async fn connection(mut client: TcpStream, server: String) -> Option<()> {
    let mut server = TcpStream::connect(server).await.ok()?;
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}
