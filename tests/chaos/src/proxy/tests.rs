use super::*;
use end_to_end::deadline::{SOON, until_true, within};
use std::time::Instant;

/// A server that sends back every byte it receives.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    port
}

async fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", proxy.port())).await
}

async fn round_trip(stream: &mut TcpStream, data: &[u8]) -> io::Result<()> {
    stream.write_all(data).await?;
    let mut answer = vec![0; data.len()];
    stream.read_exact(&mut answer).await?;
    assert_eq!(answer, data);
    Ok(())
}

#[tokio::test]
async fn data_and_the_end_of_the_connection_pass_in_both_directions() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await.expect("it listens");
    round_trip(&mut stream, b"hello").await.expect("it passes");
    stream.shutdown().await.expect("an end");
    let read = within("the end", SOON, stream.read(&mut [0; 8])).await;
    assert_eq!(read.expect("an orderly end"), 0);
}

#[tokio::test]
async fn a_reset_cuts_old_and_new_connections_until_the_mode_changes() {
    let proxy = Proxy::start(echo().await).await;
    let mut old = connect(&proxy).await.expect("it listens");
    round_trip(&mut old, b"before").await.expect("it passes");
    proxy.switch(Mode::Reset);
    let cut = within("the cut", SOON, old.read(&mut [0; 8])).await;
    assert_eq!(cut.expect_err("RST").kind(), io::ErrorKind::ConnectionReset);
    let mut new = connect(&proxy).await.expect("it still listens");
    assert!(within("the cut", SOON, new.read(&mut [0; 8])).await.is_err());
    proxy.switch(Mode::Pass);
    round_trip(&mut connect(&proxy).await.expect("it listens"), b"after").await.expect("it passes");
}

#[tokio::test]
async fn a_black_hole_drops_data_which_does_not_arrive_later() {
    let proxy = Proxy::start(echo().await).await;
    let mut lossy = connect(&proxy).await.expect("it listens");
    let mut quiet = connect(&proxy).await.expect("it listens");
    round_trip(&mut lossy, b"before").await.expect("it passes");
    round_trip(&mut quiet, b"before").await.expect("it passes");
    proxy.switch(Mode::BlackHole);
    lossy.write_all(b"lost").await.expect("it is accepted");
    let mut new = connect(&proxy).await.expect("it accepts");
    new.write_all(b"lost too").await.expect("it is accepted");
    let mut answer = [0; 8];
    let answer = tokio::time::timeout(Duration::from_millis(200), lossy.read(&mut answer));
    assert!(answer.await.is_err(), "no data and no end");
    proxy.switch(Mode::Pass);
    assert!(within("its end", SOON, lossy.read(&mut [0; 8])).await.is_err());
    assert!(within("its end", SOON, new.read(&mut [0; 8])).await.is_err());
    round_trip(&mut quiet, b"nothing was lost here").await.expect("it passes");
}

#[tokio::test]
async fn slow_mode_delays_data_and_limits_the_rate() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await.expect("it listens");
    let latency = Duration::from_millis(100);
    proxy.switch(Mode::Slow { latency, bytes_per_second: 1000 });
    let started = Instant::now();
    round_trip(&mut stream, &[7; 100]).await.expect("it comes in the end");
    // Both directions, each with 100 bytes at 1000 bytes per second.
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn refused_connections_find_no_listener() {
    let proxy = Proxy::start(echo().await).await;
    let mut old = connect(&proxy).await.expect("it listens");
    round_trip(&mut old, b"before").await.expect("it passes");
    proxy.switch(Mode::Refuse);
    assert!(within("the cut", SOON, old.read(&mut [0; 8])).await.is_err());
    until_true("a refusal", SOON, || async {
        connect(&proxy).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    })
    .await;
    proxy.switch(Mode::Pass);
    until_true("the port to be back", SOON, || async {
        match connect(&proxy).await {
            Ok(mut stream) => round_trip(&mut stream, b"after").await.is_ok(),
            Err(_) => false,
        }
    })
    .await;
}

#[tokio::test]
async fn a_reply_is_lost_with_its_connection_after_those_that_are_passed_on() {
    let proxy = Proxy::start(echo().await).await;
    proxy.switch(Mode::LoseReplies { passed_on: 2 });
    for _ in 0..2 {
        let mut stream = connect(&proxy).await.expect("it listens");
        round_trip(&mut stream, b"first").await.expect("it passes");
        round_trip(&mut stream, b"second").await.expect("it passes");
        assert!(within("the cut", SOON, round_trip(&mut stream, b"third")).await.is_err());
    }
    proxy.switch(Mode::Pass);
    let mut stream = connect(&proxy).await.expect("it listens");
    for _ in 0..5 {
        round_trip(&mut stream, b"after").await.expect("it passes");
    }
}
