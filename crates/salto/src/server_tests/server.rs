//! A test HTTP/1.1 server: it records the requests of each connection, and answers or breaks off as the
//! test says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as the server received it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) connection: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) head: String,
    pub(super) body: String,
    /// The whole request came with the first read.
    pub(super) in_one_read: bool,
}

/// What the server does with a request.
pub(super) enum Reply {
    /// These bytes; the connection stays open.
    Bytes(String),
    /// These bytes, then the connection is closed.
    ThenClose(String),
    /// The connection is reset.
    Reset,
    /// No answer, and the connection stays open.
    NoAnswer,
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

type Handler = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Request>>,
    /// Connections that the client has closed.
    closed: AtomicUsize,
    /// Connections among them that ended within a request.
    closed_within_request: AtomicUsize,
}

pub(super) struct Server {
    pub(super) url: String,
    log: Arc<Log>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler)
    }

    /// Serves the connections of a listener.
    pub(super) fn at(
        listener: TcpListener,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (log, handler): (Arc<Log>, Handler) = (Arc::default(), Arc::new(handler));
        let shared = Arc::clone(&log);
        let accepting = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(connection, stream, Arc::clone(&handler), Arc::clone(&shared)));
            }
        });
        Self { url, log, accepting }
    }

    /// The requests so far whose path ends with `path`.
    pub(super) fn requests(&self, path: &str) -> Vec<Request> {
        let all = self.log.requests.lock().unwrap();
        all.iter().filter(|request| request.path.ends_with(path)).cloned().collect()
    }

    /// How many connections the client has closed.
    pub(super) fn closed(&self) -> usize {
        self.log.closed.load(Ordering::SeqCst)
    }

    /// How many of them with a request that was sent in part.
    pub(super) fn closed_within_request(&self) -> usize {
        self.log.closed_within_request.load(Ordering::SeqCst)
    }

    pub(super) fn count(&self, path: &str) -> usize {
        self.requests(path).len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(connection: usize, mut stream: TcpStream, handler: Handler, log: Arc<Log>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(connection, &mut stream, &mut buffer).await {
        let reply = handler(&request);
        log.requests.lock().unwrap().push(request);
        match reply {
            Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap_or_default(),
            Reply::ThenClose(bytes) => {
                stream.write_all(bytes.as_bytes()).await.unwrap_or_default();
                stream.shutdown().await.unwrap_or_default();
                // The client closes its side once it has noticed.
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                log.closed.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Reply::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
            Reply::NoAnswer => {
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        }
    }
    log.closed_within_request.fetch_add(usize::from(!buffer.is_empty()), Ordering::SeqCst);
    log.closed.fetch_add(1, Ordering::SeqCst);
}

async fn read_request(
    connection: usize,
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Option<Request> {
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
        let mut parts = head.split(' ');
        let method = parts.next().unwrap().to_owned();
        let target = parts.next().unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        return Some(Request {
            connection,
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
            in_one_read: reads == 1,
        });
    }
}

/// Waits until the condition holds, for at most 10 s.
pub(super) async fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "not within 10 s: {what}");
}
