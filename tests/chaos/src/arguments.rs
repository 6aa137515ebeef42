//! The command line.

use crate::nemesis::schedule::KINDS;
use crate::noisy::Profile;
use crate::output::Output;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Injects faults into a running postern and checks afterwards whether postern has kept its contract.
///
/// The program starts a RabbitMQ, a Redis, a Salto KS simulator and several postern workers of its own. It publishes
/// the messages of guests, booking systems and faulty programs, and injects faults: processes are killed, stopped and
/// frozen; connections are cut, slowed down or lose their data; Salto answers wrongly, late or not at all. Afterwards
/// the judge compares everything that was published, received and recorded with each invariant of the contract.
///
/// The seed of a run determines it and is printed first: the same seed gives the same load and the same faults at the
/// same times. How the processes react depends on the machine, so a violation may not appear in every run.
#[derive(Debug, Parser)]
#[command(name = "chaos", after_long_help = AFTER)]
pub struct Arguments {
    #[command(subcommand)]
    pub scenario: Option<Scenario>,
    /// Determines the run; random if not given
    #[arg(long, global = true, env = "CHAOS_SEED")]
    pub seed: Option<u64>,
    /// Duration of load and faults, as 90s or 3m; the start and the quiet period at the end are not included
    #[arg(long, default_value = "3m", value_parser = humantime::parse_duration)]
    pub duration: Duration,
    /// Number of workers [default: 3; 1 in `noisy`]
    #[arg(long, global = true, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub workers: Option<u8>,
    /// Requests per second [default: 40; 20 in `outage`, `empty-redis` and `failover`; 10 in `noisy`]
    #[arg(long, global = true)]
    pub rate: Option<f64>,
    /// Kinds of faults: names or beginnings of names, separated by commas, as "worker,redis-kill"; "none" for no faults
    #[arg(long, default_value = "all", value_parser = kinds)]
    pub faults: FaultKinds,
    /// Directory in which logs, configurations and history.json are kept, with or without violations; if not given,
    /// they are kept only if there are violations, in a directory whose path is printed
    #[arg(long, global = true, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// File to which the addresses of the workers' metrics are written once they are ready, as Prometheus'
    /// file_sd_configs has them; for runs with faults, `outage` and `empty-redis`
    #[arg(long, global = true, value_name = "FILE")]
    pub targets: Option<PathBuf>,
    /// Output as text, or as one JSON object per line
    #[arg(long, global = true, value_enum, default_value = "human")]
    pub output: Output,
}

const AFTER: &str = "\
Faults:
  worker-kill worker-freeze worker-stop      SIGKILL, SIGSTOP and SIGCONT, SIGTERM; a new worker starts
  broker-kill broker-freeze broker-stop      the same for RabbitMQ
  broker-alarm                               RabbitMQ's memory alarm: it blocks publishers
  redis-kill redis-freeze                    and for Redis (appendonly yes, appendfsync everysec)
  redis-replies                              replies of Redis are lost after the command was applied
  broker-link redis-link salto-link          connections are reset, lose data, are slow or are refused
  outbound-binding                           the queue for postern's events is bound for answers alone, or not at all
  dlq-replay                                 `postern dlq replay --all`, every few seconds
  salto-status salto-delay salto-reset salto-dropped salto-silence salto-half
                                             the answer to a command is an error, late, reset, lost after the opening,
                                             missing, incomplete
  salto-rate-limit salto-identity salto-lists salto-revoke salto-offline salto-skew
                                             429 with Retry-After; no tokens; no lists; tokens revoked; an IQ offline;
                                             Salto's clock is wrong

Examples:
  chaos --seed 7 --duration 60s              all kinds of faults for a minute
  chaos --faults worker,redis --rate 80      only workers, Redis and the connections to Redis fail
  chaos --faults none --duration 30s         only the load, without faults
  chaos outage salto --duration 60s          steady load; Salto is unavailable for a minute in the middle
  chaos empty-redis                          Redis is emptied in the middle of the run
  chaos failover broker --rounds 2           each node of a cluster is killed twice
  chaos noisy                                all troubles of a neighbour, a quarter of an hour
  chaos noisy flood suspects --duration 10s  two of them, with short phases
  chaos judge DIR/history.json               judges a kept run again (without the check for secrets)

POSTERN_BIN and SALTO_SIMULATOR_BIN name the programs; POSTERN_RABBITMQ_SERVER, POSTERN_RABBITMQ_NODE and
POSTERN_REDIS_SERVER the servers. `make chaos` sets all of them.

Exit status: 0 no violation, 1 violations, 2 wrong usage, 130 interrupted. Ctrl-C ends all processes of the run.";

/// A run other than the default one, which injects all kinds of faults.
#[derive(Debug, Clone, Subcommand)]
pub enum Scenario {
    /// Steady load with exactly one outage in the middle; reports the results of all requests in numbers
    Outage {
        what: OutageTarget,
        /// Duration of the outage
        #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
        duration: Duration,
    },
    /// Redis is emptied in the middle of the run: no door may open that should not
    EmptyRedis,
    /// Steady load; each node of a RabbitMQ cluster of three, or each time the master of a Redis with two replicas and
    /// three sentinels, is killed and started again; reports what was lost or done twice, and each pause
    Failover {
        what: FailoverTarget,
        /// How often each node, or the present master, is killed
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Whether the trouble of one integration reaches another one: the latency of a healthy integration without and
    /// with each of these troubles; all of them, one after the other, if none is given
    ///
    /// Fails where p99 with the trouble is more than twice the p99 without it plus 100 ms, where a request has no
    /// lock.opened, where a worker ended or lost its session with RabbitMQ, and where `postern dlq list` fails
    /// afterwards (docs/contract.md, invariant 8). A profile takes a minute; on a busy machine the latencies
    /// vary. `make chaos` builds a release worker for it.
    Noisy {
        #[arg(value_enum, value_name = "PROFILE")]
        profiles: Vec<Profile>,
        /// Duration of each of the two phases
        #[arg(long, default_value = "20s", value_parser = humantime::parse_duration)]
        duration: Duration,
    },
    /// Judges a kept history again; the logs and secrets beside it are not checked
    Judge { history: PathBuf },
}

impl Scenario {
    /// Whether there is no one set of workers from the start to the end.
    pub fn has_no_targets(&self) -> bool {
        match self {
            Self::Noisy { .. } | Self::Failover { .. } | Self::Judge { .. } => true,
            Self::Outage { .. } | Self::EmptyRedis => false,
        }
    }
}

/// The server that is unavailable in an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutageTarget {
    /// RabbitMQ is killed and started again
    Broker,
    /// Redis is killed and started again
    Redis,
    /// Connections to Salto are refused
    Salto,
}

/// The servers of which one is killed at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailoverTarget {
    /// The nodes of a RabbitMQ cluster
    Broker,
    /// The master of a Redis with Sentinel
    Redis,
}

/// Kinds of faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultKinds(pub Vec<&'static str>);

fn kinds(list: &str) -> Result<FaultKinds, String> {
    match list {
        "all" => return Ok(FaultKinds(KINDS.to_vec())),
        "none" => return Ok(FaultKinds(Vec::new())),
        _ => {}
    }
    let mut wanted = Vec::new();
    for name in list.split(',').map(str::trim) {
        let matching =
            KINDS.iter().copied().filter(|kind| !name.is_empty() && kind.starts_with(name));
        let before = wanted.len();
        wanted.extend(matching);
        if wanted.len() == before {
            return Err(format!(
                "there is no fault named {name:?}; the faults are: {}",
                KINDS.join(" ")
            ));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(FaultKinds(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_valid_and_the_help_names_every_fault() {
        Arguments::command().debug_assert();
        assert!(KINDS.iter().all(|kind| AFTER.contains(kind)));
    }

    #[test]
    fn troubles_can_be_selected_by_their_names() {
        for profile in Profile::all() {
            let parsed = Arguments::parse_from(["chaos", "noisy", profile.name()]);
            let Some(Scenario::Noisy { profiles, .. }) = parsed.scenario else {
                panic!("{parsed:?}");
            };
            assert_eq!(profiles, [*profile]);
        }
    }

    #[test]
    fn faults_can_be_selected_by_the_beginning_of_their_names() {
        assert_eq!(
            kinds("redis-kill, worker").unwrap().0,
            ["redis-kill", "worker-freeze", "worker-kill", "worker-stop"]
        );
        assert_eq!(kinds("none").unwrap().0, [""; 0]);
        assert!(kinds("weather").is_err());
        assert!(kinds("").is_err());
    }
}
