//! `postern dlq drop`: writes dead letters to a file, and removes them from the broker.

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use config::BrokerConfig;
use operations::dead_letters::{self, Control, DeadLetters, Handled, LetterFile};

use super::{report, selection::SelectionArguments};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    interrupt,
    terminal::{
        observer::ProgressObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `dlq drop`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern dlq drop --reason malformed --age-min 7d\n  \
    postern dlq drop 0f7b2c1e-… --yes --archive dropped.jsonl")]
pub(crate) struct DropArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    confirm: Confirmation,
    /// The file for the dropped letters, which must not exist yet
    /// [default: postern-dead-letters-TIME.jsonl in this directory].
    #[arg(long, value_name = "PATH")]
    archive: Option<PathBuf>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Asks for confirmation, archives the letters, and removes them.
pub(super) async fn run(
    arguments: DropArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let criteria = arguments.selection.criteria()?;
    arguments.confirm.require_an_answer()?;
    let output = Output::new(arguments.output);
    let observer = ProgressObserver::default();
    let letters = DeadLetters::all(config, &observer);
    let selected = dead_letters::select(letters, &criteria).await?;
    if selected.count() == 0 {
        return report::finish(Handled::default(), &output, false);
    }
    if !arguments.confirm.ask(&format!("Drop {} dead letters?", selected.count()))? {
        print_note("nothing was dropped");
        return Ok(());
    }
    let path = arguments.archive.unwrap_or_else(|| {
        format!("postern-dead-letters-{}.jsonl", Utc::now().format("%Y%m%dT%H%M%S%3fZ")).into()
    });
    let archive = LetterFile::create(&path)?;
    print_note(&format!("archiving to {}", path.display()));
    let stop = interrupt::stop_between_steps();
    let control = Control::new(stop.clone(), None);
    let handled = dead_letters::archive_and_drop(letters, selected, archive, control).await;
    report::finish(handled, &output, stop.is_cancelled())
}
