//! `postern dlq list`: the dead letters, without changing any.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::{
    connection,
    identity::DuplicateCounter,
    info::{DeadLetterInfo, SharedText},
    predictor::{Prediction, Predictor},
    search::Search,
    selection::{Criteria, DlqFilterArguments},
};
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::{
        output::{Output, print_blank_line, print_note},
        text::{printable, time_text},
    },
};
use config::BrokerConfig;

/// The number up to which each letter is shown to people without `--long`.
const SHORT_LIST: usize = 20;

/// The number up to which the results of replays are predicted: the queue of dead letters waits meanwhile.
const PREDICTED: usize = 1_000;

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
    let mut predictor = Predictor::new(config)?;
    let mut search = Search::begin(&connection, &criteria, config).await?;
    let mut letters = Vec::new();
    let mut fingerprints = Vec::new();
    while let Some(found) = search.next().await? {
        let prediction = match letters.len() {
            0..PREDICTED => Some(predictor.predict(&found.letter.arrival, Utc::now()).await),
            _ => None,
        };
        letters.push(ListedLetter { info: found.info, prediction });
        fingerprints.push(found.fingerprint);
    }
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    number_duplicates(&mut letters, &fingerprints);
    if letters.len() > PREDICTED {
        print_note(&format!(
            "the results of replays are predicted for the first {PREDICTED} alone"
        ));
    }

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

/// A dead letter, with the predicted result of a replay.
#[derive(Serialize)]
struct ListedLetter {
    #[serde(flatten)]
    info: DeadLetterInfo,
    #[serde(flatten)]
    prediction: Option<Prediction>,
}

impl ListedLetter {
    fn predicted_result(&self) -> &'static str {
        self.prediction.as_ref().map_or("not predicted", |it| it.result.text())
    }
}

/// Gives the first of several duplicates the highest number. That number is no longer used when one of
/// them is removed, so an operator who works down the list finds each id that was listed.
fn number_duplicates(letters: &mut [ListedLetter], fingerprints: &[Uuid]) {
    let mut counter = DuplicateCounter::default();
    for (letter, fingerprint) in letters.iter_mut().zip(fingerprints).rev() {
        letter.info.id = counter.next_id(*fingerprint);
    }
}

fn print_tables(
    output: &Output,
    letters: &[ListedLetter],
    long: bool,
) -> Result<(), CommandFailure> {
    let header = ["REASON", "QUEUE", "INTEGRATION", "COUNT", "FIRST", "LAST", "IF REPLAYED"];
    output.print_all(&groups(letters), header, LetterGroup::cells)?;
    if !long && letters.len() > SHORT_LIST {
        print_note(&format!("{} dead letters; --long shows each", letters.len()));
        return Ok(());
    }
    print_blank_line()?;
    let header =
        ["ID", "FAILED AT", "REASON", "TYPE", "BOOKING", "REPLAYS", "IF REPLAYED", "DETAIL"];
    output.print_all(letters, header, |letter| {
        let DeadLetterInfo { id, failed_at, reason, kind, booking_id, replays, detail, .. } =
            &letter.info;
        [
            id.to_string(),
            time_text(*failed_at),
            printable(reason),
            kind.as_deref().map(printable).unwrap_or_default(),
            booking_id.as_deref().map(printable).unwrap_or_default(),
            replays.to_string(),
            letter.predicted_result().to_owned(),
            detail.as_deref().map(printable).unwrap_or_default(),
        ]
    })
}

/// Letters that probably have the same cause.
#[derive(Serialize)]
struct LetterGroup {
    reason: SharedText,
    queue: Option<SharedText>,
    integration_id: Option<SharedText>,
    count: usize,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// The number of letters by the predicted result of a replay.
    predicted: BTreeMap<&'static str, usize>,
}

fn groups(letters: &[ListedLetter]) -> Vec<LetterGroup> {
    let mut groups: BTreeMap<_, LetterGroup> = BTreeMap::new();
    for letter in letters {
        let DeadLetterInfo { reason, queue, integration_id, failed_at, .. } = &letter.info;
        let group = groups.entry((reason, queue, integration_id)).or_insert_with(|| LetterGroup {
            reason: SharedText::clone(reason),
            queue: queue.clone(),
            integration_id: integration_id.clone(),
            count: 0,
            first: *failed_at,
            last: *failed_at,
            predicted: BTreeMap::new(),
        });
        group.count += 1;
        group.first = [group.first, *failed_at].into_iter().flatten().min();
        group.last = [group.last, *failed_at].into_iter().flatten().max();
        *group.predicted.entry(letter.predicted_result()).or_default() += 1;
    }
    groups.into_values().collect()
}

impl LetterGroup {
    fn cells(&self) -> [String; 7] {
        let predicted = self.predicted.iter().map(|(result, count)| match self.count {
            all if all == *count => (*result).to_owned(),
            _ => format!("{count} {result}"),
        });
        [
            printable(&self.reason),
            self.queue.as_deref().map(printable).unwrap_or_default(),
            self.integration_id.as_deref().map(printable).unwrap_or_default(),
            self.count.to_string(),
            time_text(self.first),
            time_text(self.last),
            predicted.collect::<Vec<_>>().join("; "),
        ]
    }
}
