//! `postern doctor`: a system without faults, and each fault with its name and the next step.

mod salto;
mod servers;

use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use end_to_end::simulator::SECRETS;
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

/// The doctor's report, and its exit status.
pub(crate) struct Report {
    findings: Vec<Value>,
    status: Option<i32>,
}

impl Report {
    pub(crate) async fn of(setup: &Setup) -> Self {
        let started = Instant::now();
        let output = setup.postern(&["doctor", "--output", "json"]).await;
        assert!(started.elapsed() < Duration::from_secs(11), "{:?}", started.elapsed());
        let (stdout, stderr) = (output.stdout, output.stderr);
        for bytes in [&stdout, &stderr] {
            let output = String::from_utf8_lossy(bytes);
            for secret in SECRETS {
                assert!(!output.contains(secret), "{secret}: {output}");
            }
        }
        let text = String::from_utf8(stdout).expect("JSON is UTF-8");
        let findings: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object per line"))
            .collect();
        let report = Self { findings, status: output.status.code() };
        let broken = report.findings.iter().any(|it| it["level"] == "broken");
        assert_eq!(
            report.status,
            Some(i32::from(broken)),
            "{text}{}",
            String::from_utf8_lossy(&stderr)
        );
        for finding in &report.findings {
            let without_step = matches!(finding["level"].as_str(), Some("ok" | "note"));
            assert_eq!(
                finding["next"].is_null(),
                without_step,
                "a next step for each warning and fault: {finding}"
            );
        }
        report
    }

    /// The finding of this check and level whose subject or detail contains the text; there must be one.
    pub(crate) fn assert_finding(&self, check: &str, level: &str, text: &str) -> &Value {
        let is_it = |finding: &&Value| {
            let has = |member: &str| finding[member].as_str().unwrap_or_default().contains(text);
            finding["check"] == check
                && finding["level"] == level
                && (has("subject") || has("detail"))
        };
        self.findings.iter().find(is_it).unwrap_or_else(|| {
            panic!("no {level} of {check} with {text:?} in {:#?}", self.findings)
        })
    }

    /// Asserts that this is the only broken finding, with this next step.
    fn assert_only(&self, check: &str, text: &str, next: &str) {
        let finding = self.assert_finding(check, "broken", text);
        assert!(finding["next"].as_str().unwrap_or_default().contains(next), "{finding}");
        let broken: Vec<_> = self.findings.iter().filter(|it| it["level"] == "broken").collect();
        assert_eq!(broken, [finding]);
    }

    pub(crate) fn findings(&self) -> &[Value] {
        &self.findings
    }

    pub(crate) const fn status(&self) -> Option<i32> {
        self.status
    }

    fn levels(&self) -> Vec<(&str, &str)> {
        self.findings
            .iter()
            .map(|it| {
                (it["check"].as_str().unwrap_or_default(), it["level"].as_str().unwrap_or_default())
            })
            .collect()
    }
}

/// A Redis that persists its data, and all objects mapped to existing locks.
async fn sound_setup(server: &PrivateRedis) -> Fixture {
    let mut setup = Setup::on_redis(server).await;
    remove_mappings(&mut setup, "room-nowhere");
    Fixture::new(setup, 1).await
}

pub(crate) fn remove_mappings(setup: &mut Setup, object: &str) {
    let integration = setup.settings.integrations()[0].as_table_mut().expect("a table");
    integration["locks"].as_table_mut().expect("a table").remove(object);
}

async fn change_account(setup: &Setup, change: Value) {
    setup.simulator.control(Method::PATCH, "accounts/system-user@acme.example", Some(change)).await;
}

#[tokio::test]
async fn without_faults_it_reports_ok_and_requests_no_new_token() {
    let server = PrivateRedis::start().await;
    let fixture = sound_setup(&server).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    let before = fixture.setup.simulator.token_requests().await;
    let report = Report::of(&fixture.setup).await;
    assert_eq!(report.status, Some(0));
    let levels = report.levels();
    assert!(levels.iter().all(|(_, level)| *level == "ok"), "{:#?}", report.findings);
    for check in [
        "configuration",
        "rabbitmq.connection",
        "rabbitmq.version",
        "rabbitmq.topology",
        "rabbitmq.consumers",
        "rabbitmq.backlog",
        "rabbitmq.dead_letters",
        "rabbitmq.retries",
        "rabbitmq.publishing",
        "redis.connection",
        "redis.version",
        "redis.latency",
        "redis.appendonly",
        "redis.maxmemory_policy",
        "redis.secrets_key",
        "redis.contents",
        "redis.memory",
        "salto.identity",
        "salto.api",
        "salto.clock",
        "salto.sign_in",
        "salto.site",
        "salto.rights",
        "iq",
        "mapping",
        "bookings",
    ] {
        assert!(levels.iter().any(|(found, _)| *found == check), "{check} is missing: {levels:?}");
    }
    report.assert_finding("bookings", "ok", "can open: 1");
    assert_eq!(fixture.setup.simulator.token_requests().await, before);

    let output = fixture.setup.postern(&["doctor"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.lines().count() < 40, "one screen: {text}");
}

#[tokio::test]
async fn a_broker_without_postern_is_not_changed() {
    let setup = Setup::unactivated().await;
    for _ in 0..2 {
        let report = Report::of(&setup).await;
        let finding = report.assert_finding("rabbitmq.topology", "broken", "do not exist yet");
        assert!(finding["next"].as_str().unwrap_or_default().contains("start a worker"));
    }
}
