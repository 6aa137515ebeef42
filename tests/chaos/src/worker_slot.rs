//! One worker of a run. It is ended and started again, always at the same address and behind the same proxies.

use crate::proxy::Proxy;
use crate::worker_output::WorkerOutput;
use end_to_end::deadline::SOON;
use end_to_end::ports::free_port;
use end_to_end::setup::Setup;
use end_to_end::worker::{Worker, WorkerCommand};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// A slot for a worker process, with a proxy to the broker and one to Redis.
#[derive(Debug)]
pub struct WorkerSlot {
    name: String,
    address: String,
    // Dropped before its proxies.
    worker: Mutex<Option<Worker>>,
    broker: Proxy,
    redis: Proxy,
    output: Option<WorkerOutput>,
    descriptors: Option<u32>,
}

/// What differs from the usual worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct WorkerOptions {
    /// Its standard output is a pipe, which can be left unread, and not its log.
    pub piped_output: bool,
    /// The number of files and connections that it may have open.
    pub descriptors: Option<u32>,
}

/// The longest wait for a worker that starts while its servers are unavailable.
const READY: Duration = Duration::from_secs(25);
const PAUSE: Duration = Duration::from_millis(50);

impl WorkerSlot {
    pub(crate) async fn new(number: usize, setup: &Setup, options: WorkerOptions) -> Self {
        Self {
            name: format!("worker-{number}"),
            address: format!("127.0.0.1:{}", free_port()),
            worker: Mutex::new(None),
            broker: Proxy::start(port_of(setup.vhost.url())).await,
            redis: Proxy::start(port_of(setup.redis_url())).await,
            output: options.piped_output.then(WorkerOutput::new),
            descriptors: options.descriptors,
        }
    }

    /// `postern worker`, connected to broker and Redis through the proxies.
    pub(crate) fn command(&self, setup: &Setup) -> WorkerCommand {
        let mut command = setup
            .worker(&self.name)
            .listen(&self.address)
            .env("POSTERN__BROKER__URL", &through(setup.vhost.url(), &self.broker))
            .env("POSTERN__REDIS__URL", &through(setup.redis_url(), &self.redis));
        if let Some(output) = &self.output {
            command = command.standard_output(output.writer());
        }
        if let Some(descriptors) = self.descriptors {
            command = command.descriptors(descriptors);
        }
        command
    }

    /// Where it shows its metrics, whenever it runs.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Starts a worker and waits for it, but not without end; whether it is ready.
    pub(crate) async fn start(&self, setup: &Setup) -> bool {
        let mut slot = self.worker.lock().await;
        let worker = slot.insert(self.command(setup).spawn());
        let started = Instant::now();
        while started.elapsed() < READY && worker.is_running() {
            if worker.status_of("/readyz").await == Some(200) {
                return true;
            }
            sleep(PAUSE).await;
        }
        false
    }

    /// Ends the worker with the given function, and leaves the slot empty.
    pub(crate) async fn end<F: Future<Output = ()>>(&self, how: impl FnOnce(Worker) -> F) {
        if let Some(worker) = self.worker.lock().await.take() {
            how(worker).await;
        }
    }

    /// Calls a function with the worker, if there is one.
    pub(crate) async fn with<T>(&self, what: impl FnOnce(&Worker) -> T) -> Option<T> {
        self.worker.lock().await.as_ref().map(what)
    }

    /// Stops the worker with SIGTERM, after the limit with SIGKILL; the exit status, or none if a signal ended it.
    pub(crate) async fn stop(&self, limit: Duration) -> Option<i32> {
        let worker = self.worker.lock().await.take()?;
        worker.signal(Signal::SIGTERM);
        let signalled = Instant::now();
        while worker.is_running() && signalled.elapsed() < limit {
            sleep(PAUSE).await;
        }
        if worker.is_running() {
            worker.kill().await;
        }
        worker.ended(SOON).await.code()
    }

    /// Whether there is a worker that answers that it is ready.
    pub async fn is_ready(&self) -> bool {
        match self.worker.lock().await.as_ref() {
            Some(worker) => worker.status_of("/readyz").await == Some(200),
            None => false,
        }
    }

    /// The number of unacknowledged messages according to its metrics; none if it does not answer.
    pub async fn messages_in_flight(&self) -> Option<u64> {
        let slot = self.worker.lock().await;
        let worker = slot.as_ref()?;
        worker.status_of("/livez").await?;
        let metrics = worker.metrics().await;
        let counts = metrics.lines().filter(|line| line.starts_with("postern_messages_in_flight"));
        Some(counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum())
    }

    /// Its metrics, if it runs.
    pub async fn metrics(&self) -> Option<String> {
        let slot = self.worker.lock().await;
        let worker = slot.as_ref()?;
        worker.status_of("/livez").await?;
        Some(worker.metrics().await)
    }

    /// Whether it ended without having been stopped: the slot is not empty, but the worker does not run.
    pub async fn exited_by_itself(&self) -> bool {
        self.worker.lock().await.as_ref().is_some_and(|worker| !worker.is_running())
    }

    /// The largest resident memory of the running worker, in bytes.
    pub async fn peak_memory(&self) -> Option<u64> {
        let peak = |worker: &Worker| worker.is_running().then(|| worker.usage().peak_memory);
        self.with(peak).await.flatten()
    }

    /// From now on, nothing reads the worker's standard output: it blocks whoever writes to it.
    ///
    /// # Panics
    /// Without [`WorkerOptions::piped_output`].
    pub fn leave_output_unread(&self) {
        self.output.as_ref().expect("the output is a pipe").leave_unread();
    }

    pub(crate) fn broker_proxy(&self) -> &Proxy {
        &self.broker
    }

    pub(crate) fn redis_proxy(&self) -> &Proxy {
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

/// The same address with the proxy's port.
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
