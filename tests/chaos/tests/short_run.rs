//! A short run with all kinds of messages and most kinds of faults, with real servers and processes.

use chaos::judge;
use chaos::nemesis::schedule::KINDS;
use chaos::output::Output;
use chaos::report::Report;
use chaos::run::run;
use chaos::run_directory::RunDirectory;
use chaos::scenarios;
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
    let running = tokio::time::timeout(LIMIT, run(&plan, Output::Human, &directory));
    let kept = directory.kept().to_owned();
    let Ok(history) = running.await else {
        panic!("seed {seed}: not done after {LIMIT:?}; logs are in {}", kept.display());
    };
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
