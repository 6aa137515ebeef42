//! A short run of everything, with real servers and processes, as a part of all tests.

use chaos::checker;
use chaos::keep::Directory;
use chaos::nemesis::schedule::KINDS;
use chaos::report::Report;
use chaos::run::run;
use chaos::scenes;
use chaos::voice::Voice;
use std::time::Duration;

/// Its faults are many in a short time: workers killed, frozen and stopped, Redis killed and frozen, links to all three, and half a
/// dozen of Salto's. `CHAOS_SEED` in the environment is used in its place.
const SEED: u64 = 4191;
/// Far beyond what a busy machine needs.
const LIMIT: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_while_everything_fails() {
    let seed = match std::env::var("CHAOS_SEED") {
        Ok(seed) => seed.parse().expect("CHAOS_SEED is a number"),
        Err(_) => SEED,
    };
    Voice::Human.say(&format!("seed {seed}"));
    // A broker takes as long to start as this lasts; `make chaos` kills it too.
    let kinds: Vec<_> =
        KINDS.into_iter().filter(|kind| !["broker-kill", "broker-stop"].contains(kind)).collect();
    let order = scenes::everything(seed, (Duration::from_secs(15), 25.0), 3, &kinds);
    let mut directory = Directory::new(seed, None);
    let running = tokio::time::timeout(LIMIT, run(&order, Voice::Human, &directory));
    let kept = directory.kept().to_owned();
    let Ok(history) = running.await else {
        panic!("seed {seed}: not done after {LIMIT:?}; logs are in {}", kept.display());
    };
    let violations = checker::judge(&history);
    directory.keep_history(&history);
    let report = Report::new(&history, &violations);
    report.tell(Voice::Human, &violations);
    if !violations.is_empty() {
        directory.remains();
    }
    assert!(violations.is_empty(), "seed {seed}: logs and history.json are in {}", kept.display());
    assert!(report.openings > 0 && !report.faults.is_empty(), "nothing was shown");
}
