//! The examples of docs/publishing.md run as they are, with the rights that it gives a booking system and no others.

use end_to_end::deadline::SOON;
use end_to_end::inbound::INTEGRATION;
use end_to_end::processes::Process;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PUBLISHING: &str = include_str!("../../docs/publishing.md");

/// The first run may have to download a language and a library.
const STARTED: Duration = Duration::from_secs(400);

/// The quoted arguments of the `rabbitmqctl` line of docs/publishing.md that begins so.
fn rights(command: &str) -> Vec<&'static str> {
    let start = format!("rabbitmqctl {command} ");
    let line = PUBLISHING.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("docs/publishing.md has a line {start}"));
    line.split('\'').skip(1).step_by(2).collect()
}

/// A worker that requires routing keys with the integration, and a booking system with its rights.
struct BookingSystem {
    setup: Setup,
    worker: Worker,
    url: String,
}

/// What an example has printed, and its exit status.
#[derive(Debug)]
struct Ended {
    output: String,
    status: Option<i32>,
}

impl BookingSystem {
    async fn new(mode: &str) -> Self {
        let mut setup = Setup::new().await;
        setup.settings.set_integration("mode", mode);
        setup.settings.set("broker.routing", "strict");
        let worker = setup.worker("worker").start().await;
        let rights_in_host = rights("set_permissions -p VHOST acme");
        let [configure, write, read] = rights_in_host[..] else { panic!("{rights_in_host:?}") };
        let permissions = json!({"configure": configure, "write": write, "read": read});
        let url = setup.vhost.url_with_permissions(&permissions).await;
        for exchange in ["postern.inbound", "postern.outbound"] {
            let in_exchange = rights(&format!("set_topic_permissions -p VHOST acme {exchange}"));
            let [write, read] = in_exchange[..] else { panic!("{in_exchange:?}") };
            let permission = json!({"exchange": exchange, "write": write, "read": read});
            setup.vhost.set_topic_permission(&permission).await;
        }
        Self { setup, worker, url }
    }

    /// Runs the example in this language to its end.
    async fn run(&self, language: &str, variables: &[(&str, &str)]) -> Ended {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/examples.sh");
        let mut command = Command::new(script);
        command.arg(language).env("BROKER_URL", &self.url).env("INTEGRATION", INTEGRATION);
        command.envs(variables.iter().copied());
        let name = format!("{language}-{}", uuid::Uuid::new_v4().simple());
        let process = Process::start(&name, self.setup.directory(), &mut command);
        let status = process.ended(STARTED).await.code();
        Ended { output: process.log(), status }
    }

    /// A door that opens, one that does not, a request without a right to it, and one that nobody answers.
    async fn prints_each_result(&self, language: &str) {
        let opened = self.run(language, &[]).await;
        opened.assert(0, "opened: room-12 at ");
        assert_eq!(self.setup.simulator.openings().await.len(), 1);
        let rejected = self.run(language, &[("OBJECT", "room-99")]).await;
        rejected.assert(1, "not opened: no_lock_mapped (rejected): ");
        // The first run has acknowledged its answer.
        assert!(!rejected.output.contains("lock.opened.v1"), "{rejected:?}");
        let failed = self.run(language, &[("OBJECT", "room-nowhere")]).await;
        failed.assert(1, "not opened: lock_not_found (configuration): ");
        let foreign = self.run(language, &[("INTEGRATION", "other")]).await;
        foreign.assert(2, "ACCESS_REFUSED");
        self.worker.stop(SOON).await;
        let unanswered = self.run(language, &[("WAIT_SECONDS", "2")]).await;
        unanswered.assert(2, "trouble: no answer within 2 s");
        let unset = self.run(language, &[("BROKER_URL", "")]).await;
        unset.assert(2, "trouble: BROKER_URL is not set");
        let no_number = self.run(language, &[("WAIT_SECONDS", "soon")]).await;
        no_number.assert(2, "trouble: WAIT_SECONDS is ");
    }
}

impl Ended {
    #[track_caller]
    fn assert(&self, status: i32, line: &str) {
        assert_eq!(self.status, Some(status), "{}", self.output);
        assert!(self.output.contains(line), "{line:?} in:\n{}", self.output);
        // Of the language itself.
        assert!(!self.output.contains("Warning"), "{}", self.output);
    }
}

#[tokio::test]
async fn the_example_in_python_prints_each_result() {
    BookingSystem::new("live").await.prints_each_result("python").await;
}

#[tokio::test]
async fn the_example_for_node_prints_each_result() {
    BookingSystem::new("live").await.prints_each_result("node").await;
}

#[tokio::test]
async fn the_example_in_php_prints_each_result() {
    BookingSystem::new("live").await.prints_each_result("php").await;
}

#[tokio::test]
async fn no_example_takes_a_rehearsal_for_an_opening() {
    let system = BookingSystem::new("rehearse").await;
    for language in ["python", "node", "php"] {
        let rehearsed = system.run(language, &[]).await;
        rehearsed
            .assert(1, "not opened: the integration rehearses, this was rehearsal.lock.opened.v1");
    }
}
