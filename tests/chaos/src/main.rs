use chaos::load::{Kind, Shape};
use chaos::nemesis::schedule::{Ground, KINDS, schedule};
use chaos::run::{Order, run};
use chaos::voice::Voice;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let duration = Duration::from_secs(std::env::args().nth(1).unwrap().parse().unwrap());
    let kinds: Vec<&'static str> =
        if std::env::args().nth(2).is_some() { vec![] } else { KINDS.to_vec() };
    let shape = Shape { duration, rate: 30.0, kind: Kind::Wild };
    let ground = Ground {
        duration,
        workers: 3,
        kinds,
        iqs: vec!["1a1a1a1a-0000-4000-8000-000000000000".into()],
    };
    let base = std::env::temp_dir().join(format!("chaos-{}", std::process::id()));
    let (live, kept) = (base.join("live"), base.join("kept"));
    std::fs::create_dir_all(&live).unwrap();
    std::fs::create_dir_all(&kept).unwrap();
    tempfile::env::override_temp_dir(&live).unwrap();
    let order = Order { seed: 7, shape, workers: 3, strikes: schedule(7, &ground) };
    let history = run(&order, &Voice::Human, (&live, &kept)).await;
    std::fs::write(kept.join("history.json"), serde_json::to_vec(&history).unwrap()).unwrap();
    for violation in chaos::checker::judge(&history) {
        Voice::Human.say(&format!("{violation:?}"));
    }
    Voice::Human.say(&format!("{}", base.display()));
}
