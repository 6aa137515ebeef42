//! `postern dlq list`: the dead letters, without changing any.

use clap::Args;
use config::BrokerConfig;
use operations::dead_letters::{
    self, DeadLetterInfo, DeadLetters, LetterGroup, ListedLetter, PREDICTED,
};

use super::selection::DlqFilterArguments;
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::{
        observer::ProgressObserver,
        output::{Output, print_blank_line, print_note},
        text::{printable, time_text},
    },
};

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

/// Prints the letters, once all are in the queue again, so that a pager does not delay other commands.
pub(super) async fn run(
    arguments: ListArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let observer = ProgressObserver::default();
    let letters = DeadLetters::all(config, &observer);
    let letters = dead_letters::list(letters, arguments.filters.into()).await?;
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

fn print_tables(
    output: &Output,
    letters: &[ListedLetter],
    long: bool,
) -> Result<(), CommandFailure> {
    let header = ["REASON", "QUEUE", "INTEGRATION", "COUNT", "FIRST", "LAST", "IF REPLAYED"];
    output.print_all(&dead_letters::groups(letters), header, group_cells)?;
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

fn group_cells(group: &LetterGroup) -> [String; 7] {
    let predicted = group.predicted.iter().map(|(result, count)| match group.count {
        all if all == *count => (*result).to_owned(),
        _ => format!("{count} {result}"),
    });
    [
        printable(&group.reason),
        group.queue.as_deref().map(printable).unwrap_or_default(),
        group.integration_id.as_deref().map(printable).unwrap_or_default(),
        group.count.to_string(),
        time_text(group.first),
        time_text(group.last),
        predicted.collect::<Vec<_>>().join("; "),
    ]
}
