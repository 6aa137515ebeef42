//! One request over a connection of its own, and the bytes of the answer.

use std::io::ErrorKind;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConnectionEnd {
    /// The server closed the connection (FIN).
    Closed,
    /// The server reset the connection (RST).
    Reset,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) raw: Vec<u8>,
    pub(crate) end: ConnectionEnd,
}

impl Answer {
    fn split(&self) -> (String, &[u8]) {
        let at = self.raw.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
        (String::from_utf8_lossy(&self.raw[..at]).into_owned(), &self.raw[at + 4..])
    }

    pub(crate) fn status(&self) -> u16 {
        self.split().0.split(' ').nth(1).expect("a status line").parse().expect("a status")
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.split();
        let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.split().1
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(self.body()).expect("a JSON body")
    }

    /// Status, `ErrorCode` as text, and message.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let code = body["ErrorCode"].as_str().map(str::to_owned);
        let message = body["Message"].as_str().expect("a message").to_owned();
        (self.status(), code.unwrap_or_else(|| body["ErrorCode"].to_string()), message)
    }
}

/// Sends a request with `Connection: close`, and reads until the connection ends.
pub(crate) async fn exchange(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the simulator listens");
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut raw = Vec::new();
    let end = match stream.read_to_end(&mut raw).await {
        Ok(_) => ConnectionEnd::Closed,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => ConnectionEnd::Reset,
        Err(error) => panic!("{error}"),
    };
    Answer { raw, end }
}
