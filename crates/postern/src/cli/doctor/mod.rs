//! `postern doctor`: looks at everything that a door needs to open, and says what to do next.
//!
//! One file a subject; [`finding`] is what they find, [`deadline`] the time they have together.
//! Nothing is created or changed, but for what every command that signs in leaves in Redis: a token
//! for all to use.

mod access;
mod bookings;
mod broker;
mod configuration;
mod deadline;
mod doors;
mod environment;
mod finding;
mod integration;
mod iqs;
mod mapping;
mod redis;
mod rights;

use std::{collections::HashMap, path::Path, time::Duration};

use chrono::Utc;
use clap::Args;
use consumer::Settings;
use futures_util::{StreamExt, future, stream};

pub(super) use self::access::Access;
use self::deadline::Deadline;
pub(super) use self::doors::Doors;
use self::finding::{About, Finding, Level};
use super::{args::Printing, failure::Failure, output::Output};
use crate::config::Config;

/// For all checks together, which leaves a second of ten for the rest.
const LIMIT: Duration = Duration::from_secs(9);

/// Integrations looked at at once.
const AT_ONCE: usize = 16;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern doctor
  postern doctor --output json | jq 'select(.level == \"broken\")'

Levels: ok; note, worth knowing; warning, works and should not stay so; broken, doors do not open
or messages are not worked on. Exit status: 1 where something is broken, else 0; 2 where the
configuration has mistakes.")]
pub(super) struct Doctor {
    #[command(flatten)]
    printing: Printing,
}

/// Looks, prints, and fails where something is broken.
pub(super) async fn run(doctor: Doctor, config: &Config, file: &Path) -> Result<(), Failure> {
    let deadline = Deadline::after(LIMIT);
    let settings = &config.settings;
    let access = Access::new(settings)?;
    let mut findings = configuration::check(config, &file.display().to_string());
    let (broker, environments, rest) = future::join3(
        broker::check(settings, deadline),
        all_environments(settings, &access, deadline),
        redis_and_beyond(settings, &access, deadline),
    )
    .await;
    findings.extend(broker);
    let (redis, integrations) = rest;
    findings.extend(redis);
    findings.extend(environments);
    findings.extend(integrations);

    let output = Output::new(doctor.printing);
    findings.iter().try_for_each(|finding| output.one(finding, || finding.words()))?;
    match findings.iter().filter(|finding| finding.level == Level::Broken).count() {
        0 => Ok(()),
        broken => Err(Failure::plain(format!("broken: {broken} of {} findings", findings.len()))),
    }
}

async fn all_environments(
    settings: &Settings,
    access: &Access<'_>,
    deadline: Deadline,
) -> Vec<Finding> {
    let environments = settings.environments.values();
    let checks = environments.map(|it| environment::check(&access.http, it, deadline));
    future::join_all(checks).await.concat()
}

/// Redis, and what can be looked at only with what it holds.
async fn redis_and_beyond(
    settings: &Settings,
    access: &Access<'_>,
    deadline: Deadline,
) -> (Vec<Finding>, Vec<Finding>) {
    let place = (access.key_prefix(), &*access.sealer);
    let (redis, usable) = redis::check(&access.redis, place, deadline).await;
    if !usable {
        // Without the tokens that all share, signing in would cost another one.
        let about = About("integration", "all");
        let skipped = about.warning(
            "not looked at without Redis and the key to what is in it",
            "mend what is broken there first, as above",
        );
        return (redis, vec![skipped]);
    }
    let now = Utc::now();
    let checks = settings.integrations.iter().map(|it| integration::check(access, it, deadline));
    let (examined, soon) = future::join(
        stream::iter(checks).buffered(AT_ONCE).collect::<Vec<_>>(),
        bookings::read(settings, &access.lookup, now, deadline),
    )
    .await;
    let (mut findings, mut doors) = (Vec::new(), HashMap::new());
    for (settings, examined) in settings.integrations.iter().zip(examined) {
        findings.extend(examined.findings);
        doors.extend(examined.doors.map(|known| (settings.rules.id.as_str(), known)));
    }
    match soon {
        Ok(soon) => findings.extend(bookings::check(settings, &soon, &doors, now)),
        Err(trouble) => findings.push(trouble),
    }
    (redis, findings)
}
