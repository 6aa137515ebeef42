//! Opening connections.

use std::time::Duration;

use publisher::{BrokerNodes, ConnectError, connect};
use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::virtual_host::{DEADLINE, VirtualHost};

#[tokio::test]
async fn a_wrong_password_is_a_refusal_that_shows_the_user_and_no_password() {
    let host = VirtualHost::create().await;
    let mut url = host.url();
    url.set_password(Some("s3cret")).unwrap();
    let error = connect(url.as_str(), "test", DEADLINE).await.unwrap_err();

    assert!(matches!(&error, ConnectError::Refused { .. }), "{error:?}");
    assert!(!error.may_pass());
    let text = format!("{error} {error:?}");
    for wanted in ["ACCESS_REFUSED", url.username(), host.name()] {
        assert!(text.contains(wanted), "{wanted} is missing: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_missing_virtual_host_is_a_refusal_that_names_it() {
    let host = VirtualHost::create().await;
    let mut url = host.url();
    url.set_path("no-such-host");
    let error = connect(url.as_str(), "test", DEADLINE).await.unwrap_err();

    assert!(matches!(&error, ConnectError::Refused { .. }), "{error:?}");
    for wanted in ["NOT_ALLOWED", "no-such-host", "not found"] {
        assert!(error.to_string().contains(wanted), "{wanted} is missing: {error}");
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_may_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("amqp://guest:s3cret@127.0.0.1:{port}/%2f");
    let error = connect(&url, "test", DEADLINE).await.unwrap_err();

    assert!(matches!(&error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(error.may_pass());
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_silent_peer_ends_in_a_timeout_and_the_connection_to_it_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let connecting = connect(&url, "test", Duration::from_millis(200));
    let error = tokio::time::timeout(DEADLINE, connecting).await.unwrap().unwrap_err();
    assert!(matches!(&error, ConnectError::Timeout { .. }), "{error:?}");

    // The thread of the client does not wait for the peer.
    let (mut peer, _) = tokio::time::timeout(DEADLINE, listener.accept()).await.unwrap().unwrap();
    let mut received = Vec::new();
    tokio::time::timeout(DEADLINE, peer.read_to_end(&mut received)).await.unwrap().unwrap();
    assert!(received.starts_with(b"AMQP"), "{received:?}");
}

#[tokio::test]
async fn heartbeat_and_frame_size_are_negotiated_with_the_broker() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    assert_eq!(connection.configuration().heartbeat(), 5);
    assert_eq!(connection.configuration().frame_max(), 128 * 1024);
}

/// A port of loopback that nothing listens on.
async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_node_that_is_away_or_silent_is_passed_over_and_the_next_one_stays_preferred() {
    let host = VirtualHost::create().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let [away, silent_port] = [closed_port().await, silent.local_addr().unwrap().port()];
    let urls = [
        format!("amqp://guest:s3cret@127.0.0.1:{away}/{}", host.name()),
        format!("amqp://guest:s3cret@127.0.0.1:{silent_port}/{}", host.name()),
        host.url().to_string(),
    ];
    let nodes = BrokerNodes::new(urls.map(SecretString::from).to_vec());
    let limit = Duration::from_secs(2);
    // Whichever node comes first.
    for _ in 0..3 {
        nodes.leave_node();
        let connection = tokio::time::timeout(DEADLINE, nodes.connect("test", limit)).await;
        assert!(connection.unwrap().unwrap().status().connected());
        assert_eq!(nodes.preferred(), nodes.addresses()[2]);
    }
}

#[tokio::test]
async fn where_no_node_answers_the_error_names_each_of_them_and_no_password() {
    let host = VirtualHost::create().await;
    let mut refusing = host.url();
    refusing.set_password(Some("s3cret")).unwrap();
    let away = format!("amqp://guest:s3cret@127.0.0.1:{}/%2f", closed_port().await);
    let nodes = BrokerNodes::new(vec![away.into(), refusing.to_string().into()]);
    let error = nodes.connect("test", DEADLINE).await.unwrap_err();
    let text = format!("{error} {error:?}");
    for wanted in nodes.addresses().iter().map(String::as_str).chain(["ACCESS_REFUSED"]) {
        assert!(text.contains(wanted), "{wanted} is missing: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
    assert!(error.may_pass(), "the first one may be back later");
}
