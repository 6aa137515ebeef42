//! A proxy between client and broker that a test can hold or cut.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use url::Url;

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Forwards bytes.
    Open,
    /// Receives bytes and does not forward them.
    Held,
    /// Has closed its connections.
    Cut,
}

/// The class and method of AMQP's `channel.open`.
const CHANNEL_OPEN: [u8; 4] = [0, 20, 0, 10];

pub(crate) struct Proxy {
    state: watch::Sender<State>,
    url: Url,
    /// Frames that clients receive beside those of the broker.
    injected: broadcast::Sender<Vec<u8>>,
    /// All bytes that the client has sent.
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// Starts in front of the broker at `url`.
    pub(crate) async fn start(url: Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broker = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let mut own = url;
        own.set_host(Some("127.0.0.1")).unwrap();
        own.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (state, states) = watch::channel(State::Open);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (from_clients, from_brokers) = (sent.clone(), Arc::default());
        let (injected, _) = broadcast::channel(16);
        let (for_clients, for_brokers) = (injected.clone(), broadcast::channel(1).0);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let broker = TcpStream::connect(&broker).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_broker, to_broker) = broker.into_split();
                let record = Arc::clone(&from_clients);
                let none = for_brokers.subscribe();
                tokio::spawn(forward(from_client, to_broker, states.clone(), record, none));
                let record = Arc::clone(&from_brokers);
                let added = for_clients.subscribe();
                tokio::spawn(forward(from_broker, to_client, states.clone(), record, added));
            }
        });
        Self { state, url: own, injected, sent }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The number of channels that the client has opened.
    pub(crate) fn channels_opened(&self) -> usize {
        self.sent.lock().unwrap().windows(4).filter(|four| *four == CHANNEL_OPEN).count()
    }

    /// Sends the frame of a method without arguments, or with one short string, on the clients'
    /// channel 0. Only while the broker sends nothing.
    pub(crate) fn inject(&self, class_and_method: [u8; 4], argument: &str) {
        let mut payload = class_and_method.to_vec();
        if !argument.is_empty() {
            payload.push(u8::try_from(argument.len()).unwrap());
            payload.extend_from_slice(argument.as_bytes());
        }
        let mut frame = vec![1, 0, 0];
        frame.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(&payload);
        frame.push(0xCE);
        self.injected.send(frame).unwrap();
    }

    pub(crate) fn hold(&self) {
        self.state.send_replace(State::Held);
    }

    pub(crate) fn release(&self) {
        self.state.send_replace(State::Open);
    }

    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }
}

/// Forwards and records bytes in one direction until the proxy is cut or an end closes.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<State>,
    record: Arc<Mutex<Vec<u8>>>,
    mut injected: broadcast::Receiver<Vec<u8>>,
) {
    let mut cut = state.clone();
    let forwarding = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = tokio::select! {
                read = from.read(&mut buffer) => read,
                Ok(frame) = injected.recv() => {
                    if to.write_all(&frame).await.is_err() {
                        return;
                    }
                    continue;
                }
            };
            let Ok(read @ 1..) = read else { return };
            record.lock().unwrap().extend_from_slice(&buffer[..read]);
            if state.wait_for(|state| *state == State::Open).await.is_err() {
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = forwarding => (),
        _ = cut.wait_for(|state| *state == State::Cut) => (),
    }
}
