//! The HTTP server of `/livez`, `/readyz` and `/metrics`: whatever connects to its port, it answers, and takes
//! few resources.

use std::{collections::VecDeque, io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Connections at a time. Where there are as many, the oldest is closed for a new one: an answer takes
/// milliseconds, so that the oldest is one that sends no request.
const MOST_CONNECTIONS: usize = 64;
/// How long a connection lasts at most, from the first byte of its request to the last of its answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The longest head of a request, in bytes: the least that the library allows.
const LONGEST_HEAD: usize = 8 * 1024;
/// The most headers of a request.
const MOST_HEADERS: usize = 32;
/// The pause after a failure of the system, such as a lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the process ends.
pub(super) async fn serve(listener: TcpListener, router: Router) {
    let mut connections: VecDeque<JoinHandle<()>> = VecDeque::with_capacity(MOST_CONNECTIONS);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.retain(|connection| !connection.is_finished());
                if connections.len() >= MOST_CONNECTIONS
                    && let Some(oldest) = connections.pop_front()
                {
                    oldest.abort();
                    // It has closed its socket when it has ended.
                    let _ = oldest.await;
                }
                connections.push_back(tokio::spawn(answer(stream, router.clone())));
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection accepted for health and metrics");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the error is about the connection that was to be accepted, and no other.
fn is_of_the_connection(error: &io::Error) -> bool {
    [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionReset,
    ]
    .contains(&error.kind())
}

/// Answers one request.
async fn answer(stream: TcpStream, router: Router) {
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(LONGEST_HEAD).max_headers(MOST_HEADERS);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match timeout(TIME_LIMIT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, "HTTP connection failed"),
        Err(_) => tracing::trace!("HTTP connection closed: no request or no reader in time"),
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn start() -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let large = "metric 1\n".repeat(100_000);
        let router = Router::new()
            .route("/livez", get(async || "alive\n"))
            .route("/metrics", get(async move || large));
        tokio::spawn(serve(listener, router));
        address
    }

    async fn send(address: std::net::SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// What the server answers before it closes the connection.
    async fn answered(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        // A reset is an end too.
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }

    const LIVEZ: &str = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

    #[tokio::test]
    async fn the_oldest_connections_are_closed_for_new_ones() {
        let address = start().await;
        let mut half = Vec::new();
        for _ in 0..MOST_CONNECTIONS + 3 {
            half.push(send(address, "GET /livez HTTP/1.1\r\nHo").await);
        }
        let text = timeout(TIME_LIMIT / 2, answered(send(address, LIVEZ).await)).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("alive\n"), "{text}");
        let mut ended = half.into_iter();
        for _ in 0..4 {
            let oldest = ended.next().unwrap();
            assert_eq!(timeout(TIME_LIMIT / 2, answered(oldest)).await.unwrap(), "");
        }
        // One that is not the oldest can still complete its request.
        let mut newest = ended.next_back().unwrap();
        newest.write_all(b"st: a\r\n\r\n").await.unwrap();
        assert!(answered(newest).await.ends_with("alive\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_whole_request_ends() {
        let address = start().await;
        let stream = send(address, "GET /livez HTTP/1.1\r\n").await;
        assert_eq!(timeout(TIME_LIMIT * 2, answered(stream)).await.unwrap(), "");
    }

    #[tokio::test]
    async fn large_heads_are_refused_and_large_answers_are_not() {
        let address = start().await;
        let long = format!("GET /livez HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(LONGEST_HEAD));
        let many = format!("GET /livez HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        for head in [long, many] {
            let text = answered(send(address, &head).await).await;
            assert!(!text.contains("alive"), "{text}");
        }
        let metrics = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
        assert!(answered(send(address, metrics).await).await.len() > 900_000);
    }
}
