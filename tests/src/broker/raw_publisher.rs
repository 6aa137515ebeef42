//! A publisher that writes AMQP 0-9-1 by hand: properties and names may be any bytes, which no client sends.

use crate::deadline::{SOON, within};
use lapin::uri::AMQPUri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Types of frames, and the octet at the end of each.
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;

/// The largest frame, and the largest payload of one.
const FRAME_MAX: u32 = 131_072;
const PAYLOAD_MAX: usize = 131_072 - 8;

/// The only channel.
const CHANNEL: u16 = 1;

/// A connection with one channel, on which publisher confirms are switched on.
#[derive(Debug)]
pub struct RawPublisher {
    stream: TcpStream,
}

/// A message whose parts are written as they are.
#[derive(Debug, Clone, Default)]
pub struct RawMessage {
    pub routing_key: Vec<u8>,
    /// The flags of the properties.
    pub flags: u16,
    /// All properties in the order of their flags.
    pub properties: Vec<u8>,
    pub body: Vec<u8>,
}

impl RawPublisher {
    /// Connects to a virtual host, as `amqp://guest:guest@127.0.0.1:5672/host`.
    ///
    /// # Panics
    /// If the broker does not answer as expected.
    pub async fn connect(url: &str) -> Self {
        let uri: AMQPUri = url.parse().expect("the address is a URL of AMQP");
        let authority = uri.authority;
        let address = (authority.host.as_str(), authority.port);
        let stream = TcpStream::connect(address).await.expect("RabbitMQ accepts the connection");
        let mut publisher = Self { stream };
        publisher.stream.write_all(b"AMQP\x00\x00\x09\x01").await.expect("it is written");
        publisher.expect([10, 10]).await;
        let user = &authority.userinfo;
        let login = format!("\0{}\0{}", user.username, user.password);
        let start_ok =
            [&long(b"")[..], &short(b"PLAIN"), &long(login.as_bytes()), &short(b"en_US")];
        publisher.call(0, [10, 11], &start_ok.concat(), [10, 30]).await;
        let tune_ok = [&2047_u16.to_be_bytes()[..], &FRAME_MAX.to_be_bytes(), &[0, 0]].concat();
        publisher.send(METHOD, 0, &method([10, 31], &tune_ok)).await;
        let open = [&short(uri.vhost.as_bytes())[..], &short(b""), &[0]].concat();
        publisher.call(0, [10, 40], &open, [10, 41]).await;
        publisher.call(CHANNEL, [20, 10], &short(b""), [20, 11]).await;
        publisher.call(CHANNEL, [85, 10], &[0], [85, 11]).await;
        publisher
    }

    /// Publishes to the exchange that postern has declared, and waits for the confirm.
    ///
    /// # Panics
    /// If the broker refuses the message.
    pub async fn publish(&mut self, message: &RawMessage) {
        let RawMessage { routing_key, flags, properties, body } = message;
        let arguments = [&[0, 0][..], &short(b"postern.inbound"), &short(routing_key), &[0]];
        self.send(METHOD, CHANNEL, &method([60, 40], &arguments.concat())).await;
        let size = u64::try_from(body.len()).expect("a size fits into 64 bits");
        let header = [&[0, 60, 0, 0][..], &size.to_be_bytes(), &flags.to_be_bytes(), properties];
        self.send(CONTENT_HEADER, CHANNEL, &header.concat()).await;
        for part in body.chunks(PAYLOAD_MAX) {
            self.send(BODY, CHANNEL, part).await;
        }
        self.expect([60, 80]).await;
    }

    async fn call(&mut self, channel: u16, id: [u16; 2], arguments: &[u8], answer: [u16; 2]) {
        self.send(METHOD, channel, &method(id, arguments)).await;
        self.expect(answer).await;
    }

    async fn send(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let size = u32::try_from(payload.len()).expect("it fits into a frame");
        let head = [&[kind][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat();
        for part in [&head[..], payload, &[FRAME_END]] {
            self.stream.write_all(part).await.expect("RabbitMQ takes the frame");
        }
    }

    /// Reads the next frame, which must be this method.
    async fn expect(&mut self, id: [u16; 2]) {
        let payload = within("a frame of RabbitMQ", SOON * 3, async {
            let mut head = [0; 7];
            self.stream.read_exact(&mut head).await.expect("RabbitMQ sends a frame");
            let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
            let mut payload = vec![0; usize::try_from(size).expect("a small size") + 1];
            self.stream.read_exact(&mut payload).await.expect("the frame is whole");
            payload
        });
        let payload = payload.await;
        let expected = method(id, b"");
        assert!(payload.starts_with(&expected), "{id:?}: {:?}", String::from_utf8_lossy(&payload));
    }
}

fn method(id: [u16; 2], arguments: &[u8]) -> Vec<u8> {
    [&id[0].to_be_bytes()[..], &id[1].to_be_bytes(), arguments].concat()
}

/// A short string.
pub fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).expect("at most 255 bytes")], text].concat()
}

/// A long string, or the content of a table.
pub fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("it fits").to_be_bytes(), bytes].concat()
}
