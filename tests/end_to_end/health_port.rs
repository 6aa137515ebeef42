//! The port of health and metrics keeps working whatever connects to it (docs/contract.md, Health).

use std::time::{Duration, Instant};

use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// More than a process may usually have open.
const CONNECTIONS: usize = 1_200;

#[tokio::test]
async fn half_sent_requests_take_no_answers_and_no_doors() {
    let setup = Setup::new().await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
    let worker = &fixture.workers[0];
    let before = descriptors(worker.pid());

    let mut half_sent = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(worker.address()).await.expect("the port is open");
        // The worker may have closed it for a later one.
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: ").await;
        half_sent.push(stream);
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        let begun = Instant::now();
        assert_eq!(worker.status_of(path).await, Some(200), "{path}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{path}: {:?}", begun.elapsed());
    }
    let more = descriptors(worker.pid()).saturating_sub(before);
    assert!(more <= 100, "{more} more file descriptors");
    // A command to Salto needs a connection too.
    fixture.setup.simulator.revoke_tokens().await;
    assert_eq!(fixture.open("meanwhile", BOOKING).await.kind, "lock.opened.v1");
    drop(half_sent);
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the worker runs").count()
}
