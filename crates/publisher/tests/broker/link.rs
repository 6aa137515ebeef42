//! A wire between client and broker that a test can hold still or cut.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

#[derive(Clone, Copy, PartialEq)]
enum Wire {
    Whole,
    /// Takes bytes and keeps them.
    Still,
    Cut,
}

/// The class and method of AMQP's `channel.open`.
const CHANNEL_OPEN: [u8; 4] = [0, 20, 0, 10];

pub(crate) struct Link {
    wire: watch::Sender<Wire>,
    url: Url,
    /// All that the client has said.
    said: Arc<Mutex<Vec<u8>>>,
}

impl Link {
    /// Stands in front of the broker at `url`.
    pub(crate) async fn to(url: Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broker = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let mut near = url;
        near.set_host(Some("127.0.0.1")).unwrap();
        near.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (wire, state) = watch::channel(Wire::Whole);
        let said = Arc::new(Mutex::new(Vec::new()));
        let (ear, nobody) = (said.clone(), Arc::new(Mutex::new(Vec::new())));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let broker = TcpStream::connect(&broker).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_broker, to_broker) = broker.into_split();
                tokio::spawn(carry(from_client, to_broker, state.clone(), ear.clone()));
                tokio::spawn(carry(from_broker, to_client, state.clone(), nobody.clone()));
            }
        });
        Self { wire, url: near, said }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// How many channels the client has opened.
    pub(crate) fn channels_opened(&self) -> usize {
        self.said.lock().unwrap().windows(4).filter(|four| *four == CHANNEL_OPEN).count()
    }

    pub(crate) fn hold(&self) {
        self.wire.send_replace(Wire::Still);
    }

    pub(crate) fn release(&self) {
        self.wire.send_replace(Wire::Whole);
    }

    pub(crate) fn cut(&self) {
        self.wire.send_replace(Wire::Cut);
    }
}

/// Carries bytes one way until the wire is cut or an end closes.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut wire: watch::Receiver<Wire>,
    ear: Arc<Mutex<Vec<u8>>>,
) {
    let mut cut = wire.clone();
    let carrying = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
            ear.lock().unwrap().extend_from_slice(&buffer[..read]);
            if wire.wait_for(|wire| *wire == Wire::Whole).await.is_err() {
                return;
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = carrying => (),
        _ = cut.wait_for(|wire| *wire == Wire::Cut) => (),
    }
}
