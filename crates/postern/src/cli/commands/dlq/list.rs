//! `postern dlq list`: the dead letters, without changing any.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::Args;
use uuid::Uuid;

use super::{
    connection,
    identity::DuplicateCounter,
    info::{DeadLetterInfo, SharedText},
    search::Search,
    selection::{Criteria, DlqFilterArguments},
};
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::{
        output::{Output, print_blank_line, print_note},
        text::{local_time, printable},
    },
};
use crate::config::BrokerConfig;

/// The number up to which each letter is shown to people without `--long`.
const SHORT_LIST: usize = 20;

/// Arguments of `dlq list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern dlq list\n  \
    postern dlq list --reason malformed --age-min 2h --long\n  \
    postern dlq list --integration acme --output json")]
pub(crate) struct ListArguments {
    #[command(flatten)]
    filters: DlqFilterArguments,
    /// Show every dead letter, even if there are many; json always does.
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// Reads all letters and returns them to the queue before it prints, so that a pager does not delay
/// other commands.
pub(super) async fn run(
    arguments: ListArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let connection = connection::open(config).await?;
    let criteria = Criteria::Matching(arguments.filters);
    let mut search = Search::begin(&connection, &criteria).await?;
    let mut letters = Vec::new();
    let mut fingerprints = Vec::new();
    while let Some(found) = search.next().await? {
        letters.push(found.info);
        fingerprints.push(found.fingerprint);
    }
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    number_duplicates(&mut letters, &fingerprints);

    let output = Output::new(arguments.output);
    match arguments.output.format {
        OutputFormat::Json => letters.iter().try_for_each(|it| output.print(it, String::new)),
        OutputFormat::Human if letters.is_empty() => {
            print_note("no dead letters");
            Ok(())
        }
        OutputFormat::Human => print_tables(&output, &letters, arguments.long),
    }
}

/// Gives the first of several duplicates the highest number. That number is no longer used when one of
/// them is removed, so an operator who works down the list finds each id that was listed.
fn number_duplicates(letters: &mut [DeadLetterInfo], fingerprints: &[Uuid]) {
    let mut counter = DuplicateCounter::default();
    for (letter, fingerprint) in letters.iter_mut().zip(fingerprints).rev() {
        letter.id = counter.next_id(*fingerprint);
    }
}

fn print_tables(
    output: &Output,
    letters: &[DeadLetterInfo],
    long: bool,
) -> Result<(), CommandFailure> {
    let header = ["REASON", "QUEUE", "INTEGRATION", "COUNT", "FIRST", "LAST"];
    output.print_all(&groups(letters), header, LetterGroup::cells)?;
    if !long && letters.len() > SHORT_LIST {
        print_note(&format!("{} dead letters; --long shows each", letters.len()));
        return Ok(());
    }
    print_blank_line()?;
    let header = ["ID", "FAILED AT", "REASON", "TYPE", "BOOKING", "REPLAYS", "DETAIL"];
    output.print_all(letters, header, |letter| {
        [
            letter.id.to_string(),
            local_time(letter.failed_at),
            printable(&letter.reason),
            letter.kind.as_deref().map(printable).unwrap_or_default(),
            letter.booking_id.as_deref().map(printable).unwrap_or_default(),
            letter.replays.to_string(),
            letter.detail.as_deref().map(printable).unwrap_or_default(),
        ]
    })
}

/// Letters that probably have the same cause.
#[derive(serde::Serialize)]
struct LetterGroup {
    reason: SharedText,
    queue: Option<SharedText>,
    integration_id: Option<SharedText>,
    count: usize,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

fn groups(letters: &[DeadLetterInfo]) -> Vec<LetterGroup> {
    let mut groups: BTreeMap<_, Vec<Option<DateTime<Utc>>>> = BTreeMap::new();
    for DeadLetterInfo { reason, queue, integration_id, failed_at, .. } in letters {
        groups.entry((reason, queue, integration_id)).or_default().push(*failed_at);
    }
    let group =
        |((reason, queue, integration_id), times): (_, Vec<Option<DateTime<Utc>>>)| LetterGroup {
            reason: SharedText::clone(reason),
            queue: Option::<SharedText>::clone(queue),
            integration_id: Option::<SharedText>::clone(integration_id),
            count: times.len(),
            first: times.iter().flatten().min().copied(),
            last: times.iter().flatten().max().copied(),
        };
    groups.into_iter().map(group).collect()
}

impl LetterGroup {
    fn cells(&self) -> [String; 6] {
        [
            printable(&self.reason),
            self.queue.as_deref().map(printable).unwrap_or_default(),
            self.integration_id.as_deref().map(printable).unwrap_or_default(),
            self.count.to_string(),
            local_time(self.first),
            local_time(self.last),
        ]
    }
}
