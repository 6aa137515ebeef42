//! AMQP 0.9.1 byte by byte: client libraries do not send what is not text where text belongs.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const END: u8 = 0xCE;

/// Class and method.
const START: [u16; 2] = [10, 10];
const START_OK: [u16; 2] = [10, 11];
const TUNE: [u16; 2] = [10, 30];
const TUNE_OK: [u16; 2] = [10, 31];
const OPEN: [u16; 2] = [10, 40];
const OPEN_OK: [u16; 2] = [10, 41];
const CLOSE: [u16; 2] = [10, 50];
const CHANNEL_OPEN: [u16; 2] = [20, 10];
const CHANNEL_OPEN_OK: [u16; 2] = [20, 11];
const CHANNEL_CLOSE: [u16; 2] = [20, 40];
const PUBLISH: [u16; 2] = [60, 40];
const ACK: [u16; 2] = [60, 80];
const SELECT: [u16; 2] = [85, 10];
const SELECT_OK: [u16; 2] = [85, 11];

/// A message of arbitrary bytes.
#[derive(Debug, Clone)]
pub(super) struct RawMessage {
    pub(super) exchange: &'static str,
    pub(super) routing_key: Vec<u8>,
    pub(super) content_type: Vec<u8>,
    pub(super) message_id: Vec<u8>,
    /// The content of the header table.
    pub(super) headers: Vec<u8>,
}

/// A connection with one channel.
pub(super) struct RawConnection {
    stream: TcpStream,
}

impl RawConnection {
    /// Connects to an address as `amqp://guest:guest@127.0.0.1:5672/vhost`.
    ///
    /// # Panics
    /// If the broker does not accept the connection.
    pub(super) async fn open(url: &str) -> Self {
        let (credentials, rest) = url
            .strip_prefix("amqp://")
            .and_then(|rest| rest.split_once('@'))
            .expect("the address has credentials");
        let (address, vhost) = rest.split_once('/').expect("the address has a virtual host");
        let stream = TcpStream::connect(address).await.expect("RabbitMQ accepts connections");
        let mut connection = Self { stream };
        let sent = connection.stream.write_all(b"AMQP\0\0\x09\x01").await;
        sent.expect("the broker reads");
        connection.wait_for(START).await;
        let mut start_ok = long(b"");
        start_ok.extend(short(b"PLAIN"));
        start_ok.extend(long(format!("\0{}", credentials.replace(':', "\0")).as_bytes()));
        start_ok.extend(short(b"en_US"));
        connection.call(0, START_OK, &start_ok).await;
        connection.wait_for(TUNE).await;
        // One channel, frames of 128 KiB, no heartbeat.
        connection.call(0, TUNE_OK, &[0, 1, 0, 2, 0, 0, 0, 0]).await;
        connection.call(0, OPEN, &[short(vhost.as_bytes()), vec![0, 0]].concat()).await;
        connection.wait_for(OPEN_OK).await;
        connection.call(1, CHANNEL_OPEN, &[0]).await;
        connection.wait_for(CHANNEL_OPEN_OK).await;
        connection.call(1, SELECT, &[0]).await;
        connection.wait_for(SELECT_OK).await;
        connection
    }

    /// Publishes a persistent message and waits for the confirm.
    ///
    /// # Panics
    /// If the broker refuses it.
    pub(super) async fn publish(&mut self, message: &RawMessage) {
        let body = b"{}";
        let mut publish = vec![0, 0];
        publish.extend(short(message.exchange.as_bytes()));
        publish.extend(short(&message.routing_key));
        publish.push(0);
        self.call(1, PUBLISH, &publish).await;

        let mut header = [[0, 60], [0, 0]].concat();
        header.extend((body.len() as u64).to_be_bytes());
        // Content type, headers, delivery mode, message id.
        header.extend(0xB080_u16.to_be_bytes());
        header.extend(short(&message.content_type));
        header.extend(long(&message.headers));
        header.push(2);
        header.extend(short(&message.message_id));
        self.frame(HEADER, 1, &header).await;
        self.frame(BODY, 1, body).await;
        self.wait_for(ACK).await;
    }

    async fn call(&mut self, channel: u16, [class, method]: [u16; 2], arguments: &[u8]) {
        let ids = [class.to_be_bytes(), method.to_be_bytes()].concat();
        self.frame(METHOD, channel, &[&*ids, arguments].concat()).await;
    }

    async fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let mut frame = vec![kind];
        frame.extend(channel.to_be_bytes());
        frame.extend(size(payload).to_be_bytes());
        frame.extend(payload);
        frame.push(END);
        self.stream.write_all(&frame).await.expect("the broker reads");
    }

    /// Reads frames until this method arrives.
    async fn wait_for(&mut self, wanted: [u16; 2]) {
        loop {
            let mut head = [0; 7];
            self.stream.read_exact(&mut head).await.expect("the broker answers");
            let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
            let mut payload = vec![0; size as usize + 1];
            self.stream.read_exact(&mut payload).await.expect("the broker answers");
            if head[0] != METHOD {
                continue;
            }
            let method = [0, 2].map(|at| u16::from_be_bytes([payload[at], payload[at + 1]]));
            if method == wanted {
                return;
            }
            let refused = method == CLOSE || method == CHANNEL_CLOSE;
            assert!(!refused, "RabbitMQ refuses: {}", String::from_utf8_lossy(&payload));
        }
    }
}

/// A short string: at most 255 bytes.
pub(super) fn short(text: &[u8]) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short string is short");
    [&[length], text].concat()
}

/// A long string, and what has the same form: a table, an array.
pub(super) fn long(content: &[u8]) -> Vec<u8> {
    [&size(content).to_be_bytes(), content].concat()
}

fn size(content: &[u8]) -> u32 {
    u32::try_from(content.len()).expect("a message of kilobytes")
}
