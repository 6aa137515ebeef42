//! A scripted HTTP/1.1 server: it shows what arrived on which connection, and answers or breaks off
//! as told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) connection: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) head: String,
    pub(super) body: String,
    /// The whole request came with the first read.
    pub(super) in_one: bool,
}

/// What the server does with a request.
pub(super) enum Reply {
    /// These bytes; the connection stays open.
    Bytes(String),
    /// These bytes, then the connection is closed.
    Last(String),
    /// The connection is reset.
    Reset,
    /// No answer, and the connection stays open.
    Silence,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::with(status, "Content-Type: application/json\r\n", &body.to_string())
    }

    pub(super) fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!(
            "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
    }
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    /// Connections that the client has closed.
    closed: AtomicUsize,
    /// Those of them that ended within a request.
    torn: AtomicUsize,
}

pub(super) struct Server {
    pub(super) url: String,
    log: Arc<Log>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (log, script): (Arc<Log>, Script) = (Arc::default(), Arc::new(script));
        let shared = Arc::clone(&log);
        let accepting = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, stream, Arc::clone(&script), Arc::clone(&shared)));
            }
        });
        Self { url, log, accepting }
    }

    /// The requests so far whose path ends like this.
    pub(super) fn seen(&self, path: &str) -> Vec<Seen> {
        let all = self.log.seen.lock().unwrap();
        all.iter().filter(|seen| seen.path.ends_with(path)).cloned().collect()
    }

    /// How many connections the client has closed.
    pub(super) fn closed(&self) -> usize {
        self.log.closed.load(Ordering::SeqCst)
    }

    /// How many of them with a request half sent.
    pub(super) fn torn(&self) -> usize {
        self.log.torn.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, path: &str) -> usize {
        self.seen(path).len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(connection: usize, mut stream: TcpStream, script: Script, log: Arc<Log>) {
    let mut buffer = Vec::new();
    while let Some(seen) = read_request(connection, &mut stream, &mut buffer).await {
        let reply = script(&seen);
        log.seen.lock().unwrap().push(seen);
        match reply {
            Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap_or_default(),
            Reply::Last(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap_or_default();
                stream.shutdown().await.unwrap_or_default();
                // The client closes its side when it has noticed.
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                log.closed.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Reply::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Reply::Silence => {
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        }
    }
    log.torn.fetch_add(usize::from(!buffer.is_empty()), Ordering::SeqCst);
    log.closed.fetch_add(1, Ordering::SeqCst);
}

async fn read_request(
    connection: usize,
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Option<Seen> {
    buffer.clear();
    let mut reads = 0;
    loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        reads += 1;
        let text = String::from_utf8_lossy(buffer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let length: usize = lower
            .split_once("content-length: ")
            .map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
        if body.len() < length {
            continue;
        }
        let mut words = head.split(' ');
        let method = words.next().unwrap().to_owned();
        let target = words.next().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        return Some(Seen {
            connection,
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
            in_one: reads == 1,
        });
    }
}

/// Waits until something is so.
pub(super) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "not within 10 s: {what}");
}
