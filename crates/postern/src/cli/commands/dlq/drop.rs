//! `postern dlq drop`: writes dead letters to a file, and removes them from the broker.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use chrono::Utc;
use clap::Args;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    action::{Action, Control},
    archive,
    document::LetterDocument,
    for_each::for_each,
    info::InfoReader,
    reader::DeliveredLetter,
    report::{ActionReport, ActionResult},
    selected_letters,
    selection::SelectionArguments,
};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    interrupt,
    terminal::output::{Output, print_note},
};
use config::BrokerConfig;

/// The limits of a batch that is written before the disk is synchronised: letters, and bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

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
    let mut report = selected_letters::find(&criteria, config).await?;
    if report.count() == 0 {
        return report.finish(&output, false);
    }
    if !arguments.confirm.ask(&format!("Drop {} dead letters?", report.count()))? {
        print_note("nothing was dropped");
        return Ok(());
    }
    let path = arguments.archive.unwrap_or_else(|| {
        format!("postern-dead-letters-{}.jsonl", Utc::now().format("%Y%m%dT%H%M%S%3fZ")).into()
    });
    let file = archive::create(&path)?;
    print_note(&format!("archiving to {}", path.display()));
    let mut action = DropAction::into_file(file);
    let mut control = Control { stop: interrupt::stop_between_steps(), rate: None };
    let handled = for_each(config, &mut action, &mut report, &mut control).await;
    let finished = report.finish(&output, control.stop.is_cancelled());
    handled?;
    finished
}

/// Letters that are written and not removed yet.
struct DropAction {
    file: BufWriter<File>,
    info_reader: InfoReader,
    written: Vec<WrittenLetter>,
    bytes: usize,
}

struct WrittenLetter {
    id: Uuid,
    letter: DeliveredLetter,
}

impl DropAction {
    fn into_file(file: File) -> Self {
        let file = BufWriter::new(file);
        Self { file, info_reader: InfoReader::default(), written: Vec::new(), bytes: 0 }
    }
}

impl Action for DropAction {
    async fn begin(&mut self, _: &BrokerConfig) -> anyhow::Result<()> {
        Ok(())
    }

    async fn handle(
        &mut self,
        id: Uuid,
        letter: DeliveredLetter,
        report: &mut ActionReport,
    ) -> anyhow::Result<()> {
        let info =
            self.info_reader.read(id, &letter.arrival, DeadLetterHeaders::read(&letter.arrival));
        if let Some(bytes) = letter.arrival.body_left_out() {
            print_note(&format!(
                "{id}: its body of {bytes} bytes is not archived: it is too large"
            ));
        }
        self.bytes += letter.arrival.body.len();
        archive::write(&mut self.file, &LetterDocument::new(info, &letter.arrival))?;
        self.written.push(WrittenLetter { id, letter });
        if self.written.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.complete(report).await?;
        }
        Ok(())
    }

    /// No letter is removed from the broker before it is on the disk.
    async fn complete(&mut self, report: &mut ActionReport) -> anyhow::Result<()> {
        let written = std::mem::take(&mut self.written);
        self.bytes = 0;
        self.file.flush().context("the archive cannot be written")?;
        self.file.get_ref().sync_data().context("the archive cannot be written")?;
        for WrittenLetter { id, letter } in written {
            letter.remove().await?;
            report.record(id, ActionResult::Dropped);
        }
        Ok(())
    }
}
