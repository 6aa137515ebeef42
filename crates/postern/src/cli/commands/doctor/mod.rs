//! `postern doctor`: checks everything that a door needs to open, and says what to do next.
//!
//! One file per subject; what the console checks too is in [`operations::checks`]. Nothing is created or changed, except that a sign-in stores its token in Redis,
//! which the workers use too.

mod bookings;
mod broker;
mod broker_nodes;
mod configuration;
mod environment;
mod finding_text;
mod listeners;
mod publishing;
mod redis;
mod redis_contents;
mod redis_replication;
mod stored_integrations;

use std::{collections::HashMap, path::Path, time::Duration};

use chrono::Utc;
use clap::Args;
use consumer::Settings;
use futures_util::{StreamExt, future, stream};
use operations::{
    checks::{Check, Deadline, Finding, Level, check_integration},
    connections::shared_connections::SharedConnections,
};

use self::{finding_text::finding_text, redis::RedisFindings};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output},
};
use config::Config;

/// The time limit of all checks together. The command promises ten seconds.
const LIMIT: Duration = Duration::from_secs(9);

/// The number of integrations that are checked at the same time.
const CONCURRENT_INTEGRATIONS: usize = 16;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern doctor
  postern doctor --output json | jq 'select(.level == \"broken\")'

Levels: ok, in order; note, information; warning, works but needs a correction; broken, doors do not
open or messages are not processed. Exit status: 1 where something is broken, else 0; 2 where the
configuration has mistakes.")]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    output: OutputFlag,
}

/// Runs all checks, prints the findings, and fails where something is broken.
pub(crate) async fn run(
    arguments: DoctorArguments,
    config: &mut Config,
    file: &Path,
) -> Result<(), CommandFailure> {
    let deadline = Deadline::after(LIMIT);
    let mut findings = configuration::check(config, &file.display().to_string());
    findings.extend(stored_integrations::add(&mut config.settings).await);
    let settings = &config.settings;
    let connections = SharedConnections::new(settings, &TerminalObserver)?;
    let (broker, environments, stored) = future::join3(
        broker::check(settings, deadline),
        check_environments(settings, &connections, deadline),
        check_redis_and_integrations(settings, &connections, deadline),
    )
    .await;
    findings.extend(broker);
    findings.extend(stored.redis);
    findings.extend(environments);
    findings.extend(stored.integrations);

    let output = Output::new(arguments.output);
    findings.iter().try_for_each(|finding| output.print(finding, || finding_text(finding)))?;
    match findings.iter().filter(|finding| finding.level == Level::Broken).count() {
        0 => Ok(()),
        broken => {
            Err(CommandFailure::message(format!("broken: {broken} of {} findings", findings.len())))
        }
    }
}

async fn check_environments(
    settings: &Settings,
    connections: &SharedConnections<'_>,
    deadline: Deadline,
) -> Vec<Finding> {
    let environments = settings.environments.values();
    let checks = environments.map(|it| environment::check(&connections.http, it, deadline));
    future::join_all(checks).await.concat()
}

/// The findings of the checks that need the data in Redis, and those about Redis itself.
struct StoredFindings {
    redis: Vec<Finding>,
    integrations: Vec<Finding>,
}

async fn check_redis_and_integrations(
    settings: &Settings,
    connections: &SharedConnections<'_>,
    deadline: Deadline,
) -> StoredFindings {
    let RedisFindings { findings: mut redis, usable } = redis::check(connections, deadline).await;
    let integrations = if usable {
        redis.extend(listeners::check(connections, deadline).await);
        let (contents, integrations) = future::join(
            redis_contents::check(settings, connections, deadline),
            check_integrations(settings, connections, deadline),
        )
        .await;
        redis.extend(contents);
        integrations
    } else {
        // Without the shared tokens, a sign-in would request another one.
        vec![Check::new("integration", "all").warning(
            "not checked, because this requires Redis and the secrets.key of its data",
            "first correct what is broken above",
        )]
    };
    StoredFindings { redis, integrations }
}

/// Checks all integrations and the bookings of the next hour.
async fn check_integrations(
    settings: &Settings,
    connections: &SharedConnections<'_>,
    deadline: Deadline,
) -> Vec<Finding> {
    let now = Utc::now();
    let integrations = settings.integrations.iter();
    let checks = integrations.map(|it| check_integration(connections, it, deadline));
    let (checked, upcoming) = future::join(
        stream::iter(checks).buffered(CONCURRENT_INTEGRATIONS).collect::<Vec<_>>(),
        bookings::read(settings, &connections.lookup, now, deadline),
    )
    .await;
    let (mut findings, mut locks) = (Vec::new(), HashMap::new());
    for (integration, checked) in settings.integrations.iter().zip(checked) {
        findings.extend(checked.findings);
        locks.extend(checked.locks.map(|locks| (integration.rules.id.as_str(), locks)));
    }
    match upcoming {
        Ok(upcoming) => findings.extend(bookings::check(settings, &upcoming, &locks, now)),
        Err(error) => findings.push(error),
    }
    findings
}
