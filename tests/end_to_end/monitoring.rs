//! Alert rules and dashboard in a real Prometheus that reads a real worker: it accepts every query, those about an opened door
//! have data, and no alert fires where all is well.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::http;
use end_to_end::ports::free_port;
use end_to_end::processes::Process;
use end_to_end::setup::Setup;
use serde_json::Value;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
/// The first run unpacks Prometheus.
const STARTED: Duration = Duration::from_secs(180);
/// Prometheus reads and evaluates every second, so that a minute has enough values.
const CONFIG: &str = "
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [DEPLOY/monitoring/alerts.yml]
scrape_configs:
  - job_name: postern
    static_configs: [{ targets: ['WORKER'] }]
";
/// Panels about what does not happen in the test.
const WITHOUT_DATA: [&str; 8] = [
    "Alerts that fire",
    "Bookings at risk",
    "Messages put into a retry queue, by what they wait for",
    "Openings confirmed by Salto's record",
    "Refusals of IQs by unknown code",
    "Rehearsals by result",
    "Requests that wait for Salto",
    "Time until an opening is confirmed, and event streams",
];

/// A Prometheus with its files in a directory of its own.
struct Prometheus {
    process: Process,
    url: String,
    _directory: tempfile::TempDir,
}

impl Prometheus {
    async fn start(worker: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = directory.path().join("prometheus.yml");
        let text = CONFIG.replace("DEPLOY", DEPLOY).replace("WORKER", worker);
        std::fs::write(&config, text).expect("the configuration is written");
        let listen = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(Path::new(DEPLOY).join("monitoring.sh"));
        command.arg("prometheus").arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()));
        command.arg(format!("--web.listen-address={listen}"));
        let process = Process::start("prometheus", directory.path(), &mut command);
        let prometheus = Self { process, url: format!("http://{listen}"), _directory: directory };
        until_true("Prometheus to be ready", STARTED, async || {
            assert_eq!(prometheus.process.status(), None, "{}", prometheus.process.log());
            let ready = http::client().get(format!("{}/-/ready", prometheus.url)).send().await;
            ready.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        prometheus
    }

    /// The data of an answer of the API.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let mut url =
            reqwest::Url::parse(&self.url).expect("an address").join(path).expect("a path");
        url.query_pairs_mut().extend_pairs(query);
        let answer = http::client().get(url).send().await.expect("Prometheus answers");
        let mut answer: Value = answer.json().await.expect("the answer is JSON");
        assert_eq!(answer["status"], "success", "{path} {query:?}: {answer}");
        answer["data"].take()
    }

    /// The values of a query that are numbers: a percentile of nothing is not.
    async fn values(&self, expr: &str) -> Vec<f64> {
        let data = self.get("/api/v1/query", &[("query", expr)]).await;
        let series = data["result"].as_array().expect("a vector").iter();
        let texts = series.filter_map(|one| one["value"][1].as_str());
        texts.filter_map(|text| text.parse().ok()).filter(|value: &f64| value.is_finite()).collect()
    }

    /// The rules, as Prometheus has read them.
    async fn rules(&self) -> Vec<Value> {
        let data = self.get("/api/v1/rules", &[]).await;
        let groups = data["groups"].as_array().expect("groups").iter();
        groups.flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// The alerts that are in this state.
    async fn alerts(&self, state: &str) -> BTreeSet<String> {
        let rules = self.rules().await.into_iter().filter(|rule| rule["state"] == state);
        rules.filter_map(|rule| Some(rule["name"].as_str()?.to_owned())).collect()
    }

    /// Waits until every rule has been evaluated, and none has failed.
    async fn all_rules_evaluated(&self) {
        until_true("all rules to be evaluated", SOON, async || {
            let rules = self.rules().await;
            assert!(rules.len() > 20, "{rules:?}");
            for rule in &rules {
                assert_ne!(rule["health"], "err", "{rule}");
            }
            rules.iter().all(|rule| rule["health"] == "ok")
        })
        .await;
    }
}

#[tokio::test]
async fn a_real_prometheus_shows_an_opened_door_and_fires_no_alert() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let worker = &fixture.workers[0];
    let prometheus = Prometheus::start(worker.address()).await;
    // What happens before the first reading is no increase.
    until_true("the worker to be read", SOON, async || {
        prometheus.values(r#"postern_answers_total{decision="opened"}"#).await == [0.0]
    })
    .await;

    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    until_true("the opened door in Prometheus", SOON, async || {
        prometheus.values(r#"postern_answers_total{decision="opened"}"#).await == [1.0]
    })
    .await;

    for (title, expr) in queries() {
        until_true(&format!("data of {title}: {expr}"), SOON, async || {
            // An error ends the test here.
            let values = prometheus.values(&expr).await;
            WITHOUT_DATA.contains(&title.as_str()) || !values.is_empty()
        })
        .await;
    }
    let (_, opened) = queries()
        .into_iter()
        .find(|(title, _)| title == "Doors opened")
        .expect("the panel is there");
    until_true("the panel to show one door", SOON, async || {
        prometheus.values(&opened).await.iter().map(|value| value.round()).eq([1.0])
    })
    .await;

    prometheus.all_rules_evaluated().await;
    for state in ["pending", "firing"] {
        assert_eq!(prometheus.alerts(state).await, BTreeSet::new(), "{state}");
    }
    assert!(worker.stop(SOON).await.success());
    let expected = ["PosternNoWorkerReady", "PosternWorkerDown"].map(str::to_owned);
    until_true("alerts about the worker that has ended", SOON, async || {
        prometheus.alerts("pending").await == BTreeSet::from(expected.clone())
    })
    .await;
}

/// Every query of the dashboard, after the title of its panel, with Grafana's variables replaced.
fn queries() -> Vec<(String, String)> {
    let file = Path::new(DEPLOY).join("monitoring/dashboard.json");
    let text = std::fs::read_to_string(file).expect("the dashboard can be read");
    let dashboard: Value = serde_json::from_str(&text).expect("the dashboard is JSON");
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().expect("there are panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expr = target["expr"].as_str().expect("a target has an expression");
            let expr = expr.replace("$job", "postern").replace("$__rate_interval", "1m");
            let title = panel["title"].as_str().expect("a panel has a title");
            found.push((title.to_owned(), expr.replace("$__range", "1m")));
        }
    }
    found
}
