//! `postern secrets rotate`: encrypts everything in Redis with the current key.

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::{Settings, Store, rotate_secrets};
use operations::connections::advice;
use salto::RotationCounts;
use serde::Serialize;

use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};

/// Arguments of `secrets rotate`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
To replace secrets.key, with workers running:
  1. Add the new key to secrets.old_keys of all workers and commands, and restart the workers: now each can
     read what the others will write.
  2. Exchange the two: the new key in secrets.key, the old one in secrets.old_keys. Restart the workers.
  3. Run this command. Where it was interrupted, run it again.
  4. Remove the old key from secrets.old_keys once no dead letter from before step 2 is left, and restart the
     workers.

Workers may go on: a value that changes meanwhile is not overwritten. Exit status 1 where a value can be read
with none of the keys, or a worker still writes with another key; the values are named on standard error.

Examples:
  postern secrets rotate --dry-run
  postern secrets rotate --output json")]
pub(crate) struct RotateArguments {
    /// Only count what would be encrypted anew.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// What was done with the values of a kind.
#[derive(Serialize)]
struct KindReport {
    dry_run: bool,
    #[serde(flatten)]
    counts: RotationCounts,
}

/// Rotates, and prints the counts of each kind.
pub(super) async fn run(
    arguments: RotateArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let RotateArguments { dry_run, output } = arguments;
    let store =
        Store::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?;
    let key_prefix = settings.redis.key_prefix.as_str();
    let rotated = rotate_secrets(&store.pool(), key_prefix, &settings.secrets, dry_run).await;
    let rotated = rotated.map_err(|error| {
        anyhow!("{error}; {}; then run the command again", advice::REDIS_UNUSABLE)
    })?;
    let reports: Vec<KindReport> =
        rotated.into_iter().map(|counts| KindReport { dry_run, counts }).collect();
    let header = ["KIND", if dry_run { "TO ROTATE" } else { "ROTATED" }, "CURRENT", "UNREADABLE"];
    Output::new(output).print_all(&reports, header, |KindReport { counts, .. }| {
        let kind = counts.kind.code().to_owned();
        let unreadable = counts.unreadable.len().to_string();
        [kind, counts.rotated.to_string(), counts.current.to_string(), unreadable]
    })?;
    for KindReport { counts, .. } in &reports {
        print_problems(counts);
    }
    if reports.iter().all(|report| report.counts.is_complete()) {
        Ok(())
    } else {
        Err(CommandFailure::AlreadyReported)
    }
}

fn print_problems(counts: &RotationCounts) {
    for name in &counts.unreadable {
        print_note(&format!(
            "error: {name:?} can be read with none of the keys: add its key to secrets.old_keys, or activate \
             the IQ, sign in, or apply the integration with its password, anew"
        ));
    }
    for name in &counts.contested {
        print_note(&format!(
            "error: {name:?} changed each time: a worker still writes with another key; restart it with \
             the new one, and run the command again"
        ));
    }
}
