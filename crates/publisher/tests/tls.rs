//! The first bytes of a connection with an `amqps` URL. In a binary of its own: no cryptography
//! provider is installed, because callers need not install one.

#![allow(missing_docs)]

use std::time::Duration;

use publisher::{ConnectError, connect};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_amqps_url_begins_with_tls_and_never_sends_plain_amqp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqps://guest:s3cret@127.0.0.1:{}", listener.local_addr().unwrap().port());
    let connecting = tokio::spawn(async move { connect(&url, "test", DEADLINE).await });

    let (mut peer, _) = tokio::time::timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    let mut first = [0; 6];
    tokio::time::timeout(DEADLINE, peer.read_exact(&mut first)).await.unwrap().unwrap();
    // A handshake record, TLS 1.x, that begins with a ClientHello.
    assert_eq!((&first[..2], first[5]), (&[0x16, 0x03][..], 0x01), "{first:?}");
    let mut received = vec![0; 16 * 1024];
    let read = peer.try_read(&mut received).unwrap_or(0);
    assert!(!received[..read].windows(4).any(|four| four == b"AMQP"));
    drop(peer);

    // It does not try again in another way.
    let error = connecting.await.unwrap().unwrap_err();
    assert!(matches!(&error, ConnectError::Unreachable { .. }), "{error:?}");
    let again = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(again.is_err(), "a second connection");
}
