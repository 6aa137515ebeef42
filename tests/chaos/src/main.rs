//! `chaos`: see `chaos --help`.

use chaos::arguments::{Arguments, Scene};
use chaos::checker;
use chaos::history::History;
use chaos::keep::Directory;
use chaos::report::{Outage, Report};
use chaos::run::{Order, run};
use chaos::scenes;
use clap::Parser;
use clap::error::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    if let Some(rate) = arguments.rate
        && !(0.1..=2000.0).contains(&rate)
    {
        refuse("--rate must be between 0.1 and 2000");
    }
    let workers = usize::from(arguments.workers);
    let calm = arguments.rate.unwrap_or(20.0);
    let order = match &arguments.scene {
        Some(Scene::Judge { history }) => return judge_again(&arguments, history),
        Some(Scene::Outage { what, duration }) => {
            scenes::outage(seed, *what, *duration, calm, workers)
        }
        Some(Scene::EmptyRedis) => scenes::empty_redis(seed, calm, workers),
        None => {
            let rate = arguments.rate.unwrap_or(40.0);
            let kinds = &arguments.faults.0;
            scenes::everything(seed, (arguments.duration, rate), workers, kinds)
        }
    };
    let mut terminated = signal(SignalKind::terminate()).expect("signals can be heard");
    tokio::select! {
        status = play(&arguments, &order) => status,
        _ = tokio::signal::ctrl_c() => ExitCode::from(INTERRUPTED),
        _ = terminated.recv() => ExitCode::from(INTERRUPTED),
    }
}

async fn play(arguments: &Arguments, order: &Order) -> ExitCode {
    let voice = arguments.output;
    voice.say(&format!("seed {}", order.seed));
    let mut directory = Directory::new(order.seed, arguments.keep.as_deref());
    let history = run(order, voice, &directory).await;
    let violations = checker::judge(&history);
    directory.keep_history(&history);
    if let Some(Scene::Outage { .. }) = &arguments.scene
        && let Some(outage) = Outage::new(&history)
    {
        outage.tell(voice);
    }
    Report::new(&history, &violations).tell(voice, &violations);
    let remarkable = !violations.is_empty();
    if remarkable || arguments.keep.is_some() {
        voice.say(&format!("logs and history.json are in {}", directory.kept().display()));
    }
    if remarkable {
        directory.remains();
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn judge_again(arguments: &Arguments, file: &Path) -> ExitCode {
    let history: History = match std::fs::read(file).map(|text| serde_json::from_slice(&text)) {
        Ok(Ok(history)) => history,
        Ok(Err(error)) => refuse(&format!("{}: {error}", file.display())),
        Err(error) => refuse(&format!("{}: {error}", file.display())),
    };
    let violations = checker::judge(&history);
    Report::new(&history, &violations).tell(arguments.output, &violations);
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Wrong usage, with status 2.
fn refuse(words: &str) -> ! {
    use clap::CommandFactory;
    Arguments::command().error(ErrorKind::ValueValidation, words).exit()
}
