//! systemd, in whose place the test listens: a worker tells it when it is ready, reloads and stops (`Type=notify`).

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use end_to_end::deadline::{SOON, until};
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use nix::sys::signal::Signal;

const READY: &str = "READY=1\nSTATUS=ready\n";
const WAITS_FOR_REDIS: &str = "STATUS=not ready: waits for Redis\n";
const NOT_RELOADED: &str = "READY=1\nSTATUS=ready; the configuration has mistakes and was not reloaded: \
                            the old one stays in use\n";
const STOPPING: &str =
    "STOPPING=1\nSTATUS=stopping: waits for the commands that were sent to Salto\n";

/// The socket on which systemd listens.
struct ServiceManager(UnixDatagram);

impl ServiceManager {
    /// A worker that is to tell this one, and has been started.
    fn starts_worker(setup: &Setup) -> (Self, Worker) {
        let path = setup.directory().join("notify");
        let socket = UnixDatagram::bind(&path).expect("the socket is bound");
        socket.set_nonblocking(true).expect("the socket does not block");
        let path = path.to_str().expect("a readable path");
        (Self(socket), setup.worker("worker").env("NOTIFY_SOCKET", path).spawn())
    }

    fn received(&self) -> Option<String> {
        let mut bytes = [0; 1024];
        match self.0.recv(&mut bytes) {
            Ok(length) => Some(String::from_utf8_lossy(&bytes[..length]).into_owned()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                None
            }
        }
    }

    async fn next(&self) -> String {
        until("a message of the worker", SOON, async || self.received()).await
    }

    /// Waits for this message; those before it only say what the worker waits for.
    async fn told(&self, expected: &str) {
        loop {
            let message = self.next().await;
            if message == expected {
                return;
            }
            assert!(message.starts_with("STATUS=not ready: waits for "), "{message:?}");
        }
    }

    /// The begin of a reload, with the time that systemd compares.
    async fn told_of_a_reload(&self) {
        let message = self.next().await;
        let time = message.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let time = time.and_then(|time| time.trim_end().parse::<u64>().ok());
        let uptime = std::fs::read_to_string("/proc/uptime").expect("the time since the boot");
        let uptime = uptime.split(' ').next().and_then(|uptime| uptime.parse::<f64>().ok());
        let time = Duration::from_micros(time.unwrap_or_else(|| panic!("{message:?}")));
        let ago = Duration::from_secs_f64(uptime.expect("seconds")).saturating_sub(time);
        assert!(ago < SOON, "{message:?} is {ago:?} ago");
    }
}

#[tokio::test]
async fn systemd_is_told_when_a_worker_is_ready_reloads_and_stops() {
    let mut redis = PrivateRedis::start().await;
    let mut setup = Setup::on_redis(&redis).await;
    redis.kill().await;
    let (systemd, worker) = ServiceManager::starts_worker(&setup);
    worker.wait_for_log("waiting for Redis", SOON).await;
    // A reload before that says nothing: its end would be taken for the end of the start.
    worker.signal(Signal::SIGHUP);
    worker.wait_for_log("configuration reloaded", SOON).await;
    redis.restart().await;
    systemd.told(READY).await;
    assert_eq!(worker.status_of("/readyz").await, Some(200));

    setup.settings.set_integration("active", false);
    let file = setup.write_settings("worker");
    worker.signal(Signal::SIGHUP);
    systemd.told_of_a_reload().await;
    assert_eq!(systemd.next().await, READY);
    assert_eq!(worker.log().matches("configuration reloaded").count(), 2);
    std::fs::write(&file, "[broken").expect("the configuration is written");
    worker.signal(Signal::SIGHUP);
    systemd.told_of_a_reload().await;
    assert_eq!(systemd.next().await, NOT_RELOADED);

    redis.kill().await;
    assert_eq!(systemd.next().await, WAITS_FOR_REDIS);
    redis.restart().await;
    assert_eq!(systemd.next().await, "STATUS=ready\n");

    assert!(worker.stop(SOON).await.success());
    assert_eq!(systemd.next().await, STOPPING);
    assert_eq!(systemd.received(), None);
}
