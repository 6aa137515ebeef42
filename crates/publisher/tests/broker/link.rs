//! A wire between client and broker that a test can hold still or cut.

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

pub(crate) struct Link {
    wire: watch::Sender<Wire>,
    url: Url,
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
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let broker = TcpStream::connect(&broker).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_broker, to_broker) = broker.into_split();
                tokio::spawn(carry(from_client, to_broker, state.clone()));
                tokio::spawn(carry(from_broker, to_client, state.clone()));
            }
        });
        Self { wire, url: near }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
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
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut wire: watch::Receiver<Wire>) {
    let mut cut = wire.clone();
    let carrying = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
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
