//! A short run with all kinds of messages and most kinds of faults, with real servers and processes.

use chaos::judge;
use chaos::nemesis::schedule::KINDS;
use chaos::output::Output;
use chaos::report::Report;
use chaos::run::run;
use chaos::run_directory::RunDirectory;
use chaos::scenarios;
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::http;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// This seed gives many faults in a short time: workers are killed, frozen and stopped, Redis is killed and frozen and
/// loses replies, RabbitMQ has an alarm, the links to broker and Salto fail, the queue for events is bound for a part of
/// them, dead letters are replayed, and Salto has four kinds of faults. `CHAOS_SEED` overrides it.
const SEED: u64 = 17011;
/// Longer than a busy machine needs.
const LIMIT: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_under_faults() {
    let seed = match std::env::var("CHAOS_SEED") {
        Ok(seed) => seed.parse().expect("CHAOS_SEED is a number"),
        Err(_) => SEED,
    };
    Output::Human.remark(&format!("seed {seed}"));
    // A broker needs as long to start as this run lasts; `make chaos` also kills the broker.
    let kinds: Vec<_> =
        KINDS.into_iter().filter(|kind| !["broker-kill", "broker-stop"].contains(kind)).collect();
    let plan = scenarios::everything(seed, Duration::from_secs(15), 25.0, 3, &kinds);
    let mut directory = RunDirectory::new(seed, None);
    let targets =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("targets-{}.json", std::process::id()));
    let reading = tokio::spawn(read_metrics(targets.clone()));
    let running = run(&plan, Output::Human, &directory, Some(&targets));
    let running = tokio::time::timeout(LIMIT, running);
    let kept = directory.kept().to_owned();
    let Ok(history) = running.await else {
        panic!("seed {seed}: not done after {LIMIT:?}; logs are in {}", kept.display());
    };
    assert_eq!(reading.await.expect("the targets are read"), 3);
    std::fs::remove_file(targets).expect("the targets are there");
    let violations = judge::judge(&history);
    directory.write_history(&history);
    let report = Report::new(&history, &violations);
    report.print(Output::Human, &violations);
    if !violations.is_empty() {
        directory.keep();
    }
    assert!(violations.is_empty(), "seed {seed}: logs and history.json are in {}", kept.display());
    assert!(report.openings > 0 && !report.faults.is_empty(), "no openings or no faults");
}

/// Reads the metrics of every worker that the file names, as Prometheus does; the number of workers.
async fn read_metrics(targets: PathBuf) -> usize {
    let named = until("the targets", LIMIT, async || {
        let text = std::fs::read(&targets).ok()?;
        let groups: Value = serde_json::from_slice(&text).expect("the targets are JSON");
        groups[0]["targets"].as_array().cloned()
    })
    .await;
    for address in &named {
        let url = format!("http://{}/metrics", address.as_str().expect("an address is text"));
        until_true(&format!("metrics of {url}"), SOON * 3, async || {
            let Ok(answer) = http::client().get(&url).send().await else { return false };
            answer.text().await.is_ok_and(|text| text.contains("postern_subscribed"))
        })
        .await;
    }
    named.len()
}
