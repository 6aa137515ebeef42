//! `chaos`: see `chaos --help`.

use chaos::arguments::{Arguments, FailoverTarget, Scenario};
use chaos::failover::{self, FailoverPlan};
use chaos::history::History;
use chaos::judge;
use chaos::noisy::measurement::Measurement;
use chaos::noisy::{NoisyPlan, Profile, measure};
use chaos::report::{Outage, Report};
use chaos::run::{RunPlan, run};
use chaos::run_directory::RunDirectory;
use chaos::scenarios;
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
    if arguments.targets.is_some()
        && arguments.scenario.as_ref().is_some_and(Scenario::has_no_targets)
    {
        refuse("--targets is for runs with faults, `outage` and `empty-redis`");
    }
    let mut terminated = signal(SignalKind::terminate()).expect("signals can be received");
    tokio::select! {
        status = start(&arguments, seed) => status,
        _ = tokio::signal::ctrl_c() => ExitCode::from(INTERRUPTED),
        _ = terminated.recv() => ExitCode::from(INTERRUPTED),
    }
}

async fn start(arguments: &Arguments, seed: u64) -> ExitCode {
    let workers = |default: u8| usize::from(arguments.workers.unwrap_or(default));
    let rate = |default: f64| arguments.rate.unwrap_or(default);
    let plan = match &arguments.scenario {
        Some(Scenario::Judge { history }) => return judge_again(arguments, history),
        Some(Scenario::Noisy { profiles, duration }) => {
            let (rate, workers) = (rate(10.0), workers(1));
            let plan = NoisyPlan { seed, rate, duration: *duration, workers };
            return measure_neighbours(arguments, profiles, plan).await;
        }
        Some(Scenario::Outage { what, duration }) => {
            scenarios::outage(seed, *what, *duration, rate(20.0), workers(3))
        }
        Some(Scenario::Failover { what, rounds }) => {
            let plan = FailoverPlan { rounds: *rounds, rate: rate(20.0), workers: workers(3) };
            return kill_in_turn(arguments, *what, plan, seed).await;
        }
        Some(Scenario::EmptyRedis) => scenarios::empty_redis(seed, rate(20.0), workers(3)),
        None => {
            let kinds = &arguments.faults.0;
            scenarios::everything(seed, arguments.duration, rate(40.0), workers(3), kinds)
        }
    };
    execute(arguments, &plan).await
}

async fn execute(arguments: &Arguments, plan: &RunPlan) -> ExitCode {
    let output = arguments.output;
    output.remark(&format!("seed {}", plan.seed));
    let mut directory = RunDirectory::new(plan.seed, arguments.keep.as_deref());
    let history = run(plan, output, &directory, arguments.targets.as_deref()).await;
    let violations = judge::judge(&history);
    directory.write_history(&history);
    if let Some(Scenario::Outage { .. }) = &arguments.scenario
        && let Some(outage) = Outage::new(&history)
    {
        outage.print(output);
    }
    Report::new(&history, &violations).print(output, &violations);
    end(arguments, &mut directory, !violations.is_empty())
}

async fn measure_neighbours(
    arguments: &Arguments,
    profiles: &[Profile],
    plan: NoisyPlan,
) -> ExitCode {
    let output = arguments.output;
    output.remark(&format!("seed {}", plan.seed));
    let mut directory = RunDirectory::new(plan.seed, arguments.keep.as_deref());
    let profiles = if profiles.is_empty() { Profile::all() } else { profiles };
    Measurement::print_head(output);
    let mut violated = false;
    for profile in profiles {
        let measurement = measure(*profile, plan, &directory).await;
        measurement.print(output);
        violated |= !measurement.violations().is_empty();
    }
    end(arguments, &mut directory, violated)
}

async fn kill_in_turn(
    arguments: &Arguments,
    what: FailoverTarget,
    plan: FailoverPlan,
    seed: u64,
) -> ExitCode {
    let mut directory = RunDirectory::new(seed, arguments.keep.as_deref());
    let is_faultless = match what {
        FailoverTarget::Broker => failover::of_broker(plan, arguments.output, &directory).await,
        FailoverTarget::Redis => failover::of_redis(plan, arguments.output, &directory).await,
    };
    end(arguments, &mut directory, !is_faultless)
}

/// Keeps the files of a run where they are of use; its exit status.
fn end(arguments: &Arguments, directory: &mut RunDirectory, violated: bool) -> ExitCode {
    if violated || arguments.keep.is_some() {
        arguments.output.remark(&format!("its files are in {}", directory.kept().display()));
    }
    if violated {
        directory.keep();
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
    let violations = judge::judge(&history);
    Report::new(&history, &violations).print(arguments.output, &violations);
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reports wrong usage; the exit status is 2.
fn refuse(text: &str) -> ! {
    use clap::CommandFactory;
    Arguments::command().error(ErrorKind::ValueValidation, text).exit()
}
