//! `postern dlq replay`: publishes dead letters to their original queues.

use std::num::NonZeroU32;

use clap::Args;
use config::BrokerConfig;
use operations::dead_letters::{self, Control, DeadLetters, Prediction};

use super::{report, selection::SelectionArguments};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    interrupt,
    terminal::{observer::ProgressObserver, output::Output},
};

/// Arguments of `dlq replay`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Each letter is published to its original queue, and removed once the broker has confirmed it. Ctrl-C \
stops between two letters. A replayed request whose outcome is known has it published again and opens \
nothing; an expired one opens nothing.

Examples:
  postern dlq replay --reason iq_not_activated --dry-run
  postern dlq replay --integration acme --rate 10
  postern dlq replay 0f7b2c1e-…")]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Only show the predicted result for each.
    #[arg(long)]
    dry_run: bool,
    /// The largest number of letters per second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Replays the letters that match now.
pub(super) async fn run(
    arguments: ReplayArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let criteria = arguments.selection.criteria()?;
    let output = Output::new(arguments.output);
    let observer = ProgressObserver::default();
    let letters = DeadLetters::all(config, &observer);
    if arguments.dry_run {
        let predicted = dead_letters::predict(letters, &criteria).await?;
        return output.print_all(&predicted, ["ID", "IF REPLAYED", "DETAIL"], |it| {
            let Prediction { result, detail } = &it.prediction;
            [it.id.to_string(), result.text().to_owned(), detail.clone()]
        });
    }
    let selected = dead_letters::select(letters, &criteria).await?;
    let stop = interrupt::stop_between_steps();
    let control = Control::new(stop.clone(), arguments.rate.and_then(NonZeroU32::new));
    let handled = dead_letters::replay(letters, selected, control).await;
    report::finish(handled, &output, stop.is_cancelled())
}
