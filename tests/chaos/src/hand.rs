//! One worker of a run: it ends and begins again, always behind the same proxies.

use crate::proxy::Proxy;
use crate::stage::Stage;
use end_to_end::deadline::SOON;
use end_to_end::worker::{Worker, WorkerCommand};
use end_to_end::world::World;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// A place at which a worker works.
#[derive(Debug)]
pub struct Hand {
    name: String,
    // Ended before its ways are.
    worker: Mutex<Option<Worker>>,
    broker: Proxy,
    redis: Proxy,
}

/// A worker that begins while its servers are away is not waited for longer.
const READY: Duration = Duration::from_secs(25);
const PAUSE: Duration = Duration::from_millis(50);

impl Hand {
    pub(crate) async fn new(number: usize, world: &World) -> Self {
        Self {
            name: format!("worker-{number}"),
            worker: Mutex::new(None),
            broker: Proxy::start(port_of(world.vhost.url())).await,
            redis: Proxy::start(port_of(world.redis_url())).await,
        }
    }

    /// `postern worker`, which reaches the others through the proxies.
    pub(crate) fn command(&self, world: &World) -> WorkerCommand {
        world
            .worker(&self.name)
            .env("POSTERN__BROKER__URL", &through(world.vhost.url(), &self.broker))
            .env("POSTERN__REDIS__URL", &through(world.redis_url(), &self.redis))
    }

    /// Starts one, and waits a while for it; whether it is ready.
    pub(crate) async fn begin(&self, stage: &Stage) -> bool {
        let mut place = self.worker.lock().await;
        let worker = place.insert(self.command(&stage.world).spawn());
        let started = Instant::now();
        while started.elapsed() < READY && worker.runs() {
            if worker.status_of("/readyz").await == Some(200) {
                return true;
            }
            sleep(PAUSE).await;
        }
        false
    }

    /// Ends the worker in the way that is given, and leaves the place empty.
    pub(crate) async fn end<F: Future<Output = ()>>(&self, how: impl FnOnce(Worker) -> F) {
        if let Some(worker) = self.worker.lock().await.take() {
            how(worker).await;
        }
    }

    /// Does something to the worker.
    pub(crate) async fn with<T>(&self, what: impl FnOnce(&Worker) -> T) -> Option<T> {
        self.worker.lock().await.as_ref().map(what)
    }

    /// SIGTERM; the exit status, or none where a signal had to end it.
    pub(crate) async fn stop(&self, limit: Duration) -> Option<i32> {
        let worker = self.worker.lock().await.take()?;
        worker.signal(Signal::SIGTERM);
        let asked = Instant::now();
        while worker.runs() && asked.elapsed() < limit {
            sleep(PAUSE).await;
        }
        if worker.runs() {
            worker.kill().await;
        }
        worker.ended(SOON).await.code()
    }

    /// Whether a worker is here and answers that it is ready.
    pub async fn is_ready(&self) -> bool {
        match self.worker.lock().await.as_ref() {
            Some(worker) => worker.status_of("/readyz").await == Some(200),
            None => false,
        }
    }

    /// Messages that it holds, as it says itself; none where it does not answer.
    pub async fn holds(&self) -> Option<u64> {
        let place = self.worker.lock().await;
        let worker = place.as_ref()?;
        worker.status_of("/livez").await?;
        let metrics = worker.metrics().await;
        let held = metrics.lines().filter(|line| line.starts_with("postern_messages_in_flight"));
        Some(held.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// Its metrics, where it runs.
    pub async fn metrics(&self) -> Option<String> {
        let place = self.worker.lock().await;
        let worker = place.as_ref()?;
        worker.status_of("/livez").await?;
        Some(worker.metrics().await)
    }

    /// Whether it ended although nobody asked it to: the place is not empty, and the worker gone.
    pub async fn has_died(&self) -> bool {
        self.worker.lock().await.as_ref().is_some_and(|worker| !worker.runs())
    }

    pub(crate) fn to_broker(&self) -> &Proxy {
        &self.broker
    }

    pub(crate) fn to_redis(&self) -> &Proxy {
        &self.redis
    }
}

pub(crate) fn port_of(url: &str) -> u16 {
    port_in(url).parse().expect("a port is a number")
}

/// The digits of the port.
fn port_in(url: &str) -> &str {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
    authority.and_then(|authority| authority.rsplit(':').next()).expect("the address has a port")
}

/// The same address, by way of a proxy.
pub(crate) fn through(url: &str, proxy: &Proxy) -> String {
    url.replacen(&format!(":{}", port_in(url)), &format!(":{}", proxy.port()), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_found_in_every_address() {
        for url in [
            "amqp://guest:guest@127.0.0.1:5672/%2f",
            "redis://127.0.0.1:5672/0",
            "http://127.0.0.1:5672",
        ] {
            assert_eq!(port_of(url), 5672, "{url}");
        }
    }
}
