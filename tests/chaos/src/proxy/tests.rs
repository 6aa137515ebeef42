use super::*;
use end_to_end::deadline::{SOON, until_true, within};
use std::time::Instant;

/// Answers every byte with itself.
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

async fn says(stream: &mut TcpStream, word: &[u8]) -> io::Result<()> {
    stream.write_all(word).await?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer).await?;
    assert_eq!(answer, word);
    Ok(())
}

#[tokio::test]
async fn bytes_pass_both_ways_and_so_does_the_end() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await.expect("it listens");
    says(&mut stream, b"hello").await.expect("it passes");
    stream.shutdown().await.expect("an end");
    let read = within("the end", SOON, stream.read(&mut [0; 8])).await;
    assert_eq!(read.expect("an orderly end"), 0);
}

#[tokio::test]
async fn a_reset_cuts_old_and_new_connections_and_is_over_when_it_is_over() {
    let proxy = Proxy::start(echo().await).await;
    let mut old = connect(&proxy).await.expect("it listens");
    says(&mut old, b"before").await.expect("it passes");
    proxy.switch(Mode::Reset);
    let cut = within("the cut", SOON, old.read(&mut [0; 8])).await;
    assert_eq!(cut.expect_err("RST").kind(), io::ErrorKind::ConnectionReset);
    let mut new = connect(&proxy).await.expect("it still listens");
    assert!(within("the cut", SOON, new.read(&mut [0; 8])).await.is_err());
    proxy.switch(Mode::Pass);
    says(&mut connect(&proxy).await.expect("it listens"), b"after").await.expect("it passes");
}

#[tokio::test]
async fn a_black_hole_swallows_and_what_is_lost_never_comes() {
    let proxy = Proxy::start(echo().await).await;
    let mut lossy = connect(&proxy).await.expect("it listens");
    let mut quiet = connect(&proxy).await.expect("it listens");
    says(&mut lossy, b"before").await.expect("it passes");
    says(&mut quiet, b"before").await.expect("it passes");
    proxy.switch(Mode::BlackHole);
    lossy.write_all(b"lost").await.expect("it is accepted");
    let mut new = connect(&proxy).await.expect("it accepts");
    new.write_all(b"lost too").await.expect("it is accepted");
    let mut answer = [0; 8];
    let answer = tokio::time::timeout(Duration::from_millis(200), lossy.read(&mut answer));
    assert!(answer.await.is_err(), "nothing comes back and nothing ends");
    proxy.switch(Mode::Pass);
    assert!(within("its end", SOON, lossy.read(&mut [0; 8])).await.is_err());
    assert!(within("its end", SOON, new.read(&mut [0; 8])).await.is_err());
    says(&mut quiet, b"nothing was lost here").await.expect("it passes");
}

#[tokio::test]
async fn slow_takes_its_time() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = connect(&proxy).await.expect("it listens");
    let latency = Duration::from_millis(100);
    proxy.switch(Mode::Slow { latency, bytes_per_second: 1000 });
    let started = Instant::now();
    says(&mut stream, &[7; 100]).await.expect("it comes in the end");
    // There and back, each with 100 bytes at 1000 a second.
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
}

#[tokio::test]
async fn refused_means_that_nobody_listens() {
    let proxy = Proxy::start(echo().await).await;
    let mut old = connect(&proxy).await.expect("it listens");
    says(&mut old, b"before").await.expect("it passes");
    proxy.switch(Mode::Refuse);
    assert!(within("the cut", SOON, old.read(&mut [0; 8])).await.is_err());
    until_true("a refusal", SOON, || async {
        connect(&proxy).await.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    })
    .await;
    proxy.switch(Mode::Pass);
    until_true("the port to be back", SOON, || async {
        match connect(&proxy).await {
            Ok(mut stream) => says(&mut stream, b"after").await.is_ok(),
            Err(_) => false,
        }
    })
    .await;
}
