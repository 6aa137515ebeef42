//! The command line.

use crate::nemesis::schedule::KINDS;
use crate::voice::Voice;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Everything goes wrong at once, and a judge looks whether postern keeps its contract.
///
/// Starts a RabbitMQ, a Redis, a Salto KS simulator and several postern workers of its own, lets guests, booking systems
/// and broken programs publish, and strikes: processes are killed, stopped and frozen, connections cut, slowed and
/// swallowed, Salto answers nonsense, late or never. Afterwards everything that was published, received and recorded
/// is held against each invariant of the contract.
///
/// A run is made by its seed, which is printed first: the same seed gives the same load and the same faults at the same
/// times. What the processes make of it depends on the machine, so a violation may not show every time.
#[derive(Debug, Parser)]
#[command(name = "chaos", after_long_help = AFTER)]
pub struct Arguments {
    #[command(subcommand)]
    pub scene: Option<Scene>,
    /// Makes the run; random where it is left out
    #[arg(long, global = true, env = "CHAOS_SEED")]
    pub seed: Option<u64>,
    /// How long load and faults go on, as 90s or 3m; starting and the quiet afterwards come on top
    #[arg(long, default_value = "3m", value_parser = humantime::parse_duration)]
    pub duration: Duration,
    /// Workers
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub workers: u8,
    /// Requests a second [default: 40; 20 in the scenes]
    #[arg(long, global = true)]
    pub rate: Option<f64>,
    /// What goes wrong: names or beginnings of names, separated by commas, as "worker,redis-kill"; "none" for nothing
    #[arg(long, default_value = "all", value_parser = kinds)]
    pub faults: Kinds,
    /// Where logs, configurations and history.json are kept, whatever comes of it; without, they are kept in a
    /// directory that is named where there are violations
    #[arg(long, global = true, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// For people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value = "human")]
    pub output: Voice,
}

const AFTER: &str = "\
Faults:
  worker-kill worker-freeze worker-stop      SIGKILL, SIGSTOP and SIGCONT, SIGTERM; a new one follows
  broker-kill broker-freeze broker-stop      the same for RabbitMQ
  redis-kill redis-freeze                    and for Redis (appendonly yes, appendfsync everysec)
  broker-link redis-link salto-link          connections reset, swallowed, slowed or refused on the way
  salto-status salto-delay salto-reset salto-dropped salto-silence salto-half
                                             a command's answer is another, late, cut, lost after it opened, none, half
  salto-rate-limit salto-identity salto-lists salto-revoke salto-offline salto-skew
                                             429 with Retry-After; no tokens; no lists; tokens void; an IQ away; the clock

Examples:
  chaos --seed 7 --duration 60s              a minute of everything
  chaos --faults worker,redis --rate 80      only workers and Redis (and the way to it) fail
  chaos --faults none --duration 30s         only the load: are there violations without any fault?
  chaos outage salto --duration 60s          steady guests, and Salto is away for a minute in the middle
  chaos empty-redis                          Redis is emptied in the middle of work
  chaos judge DIR/history.json               judges a run that was kept once more (secrets excepted)

POSTERN_BIN and SALTO_SIMULATOR_BIN name the programs; POSTERN_RABBITMQ_SERVER, POSTERN_RABBITMQ_NODE and
POSTERN_REDIS_SERVER the servers. `make chaos` sees to all of them.

Exit status: 0 no violation, 1 violations, 2 wrong usage, 130 interrupted. Ctrl-C ends every process of the run.";

/// What else there is to show than everything at once.
#[derive(Debug, Clone, Subcommand)]
pub enum Scene {
    /// Steady guests, and exactly one thing is away in the middle: what happened to every request, in numbers
    Outage {
        what: Away,
        /// How long it is away
        #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
        duration: Duration,
    },
    /// Redis is emptied in the middle of work: nothing may open that should not
    EmptyRedis,
    /// Judges a kept history once more; what lies beside it (logs, secrets) is not looked at
    Judge { history: PathBuf },
}

/// What is away in an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Away {
    /// RabbitMQ is killed, and started again
    Broker,
    /// Redis is killed, and started again
    Redis,
    /// Connections to Salto are refused
    Salto,
}

/// Kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(pub Vec<&'static str>);

fn kinds(list: &str) -> Result<Kinds, String> {
    match list {
        "all" => return Ok(Kinds(KINDS.to_vec())),
        "none" => return Ok(Kinds(Vec::new())),
        _ => {}
    }
    let mut wanted = Vec::new();
    for name in list.split(',').map(str::trim) {
        let matching =
            KINDS.iter().copied().filter(|kind| !name.is_empty() && kind.starts_with(name));
        let before = wanted.len();
        wanted.extend(matching);
        if wanted.len() == before {
            return Err(format!("no fault is called {name:?}; there are: {}", KINDS.join(" ")));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(Kinds(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_names_every_fault() {
        Arguments::command().debug_assert();
        assert!(KINDS.iter().all(|kind| AFTER.contains(kind)));
    }

    #[test]
    fn faults_are_named_by_their_beginnings() {
        assert_eq!(
            kinds("redis-kill, worker").unwrap().0,
            ["redis-kill", "worker-freeze", "worker-kill", "worker-stop"]
        );
        assert_eq!(kinds("none").unwrap().0, [""; 0]);
        assert!(kinds("weather").is_err());
        assert!(kinds("").is_err());
    }
}
