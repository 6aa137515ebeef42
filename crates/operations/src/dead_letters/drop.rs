//! Writes dead letters to a file, and removes them from the broker.

use anyhow::Context;
use config::BrokerConfig;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    action::{Action, Control},
    document::LetterDocument,
    for_each::handle_all,
    info::InfoReader,
    letter_file::LetterFile,
    reader::DeliveredLetter,
    report::{ActionReport, ActionResult, Handled},
};
use crate::Observer;

/// The limits of a batch that is written before the disk is synchronised: letters, and bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Writes the selected letters to the file, and removes each once it is on the disk.
pub async fn archive_and_drop(
    letters: DeadLetters<'_>,
    selected: ActionReport<'_>,
    archive: LetterFile,
    control: Control,
) -> Handled {
    let action = DropAction {
        archive,
        observer: letters.observer,
        info_reader: InfoReader::default(),
        written: Vec::new(),
        bytes: 0,
    };
    handle_all(letters, action, selected, control).await
}

/// Letters that are written and not removed yet.
struct DropAction<'a> {
    archive: LetterFile,
    observer: &'a dyn Observer,
    info_reader: InfoReader,
    written: Vec<WrittenLetter>,
    bytes: usize,
}

struct WrittenLetter {
    id: Uuid,
    letter: DeliveredLetter,
}

impl Action for DropAction<'_> {
    async fn begin(&mut self, _: &BrokerConfig) -> anyhow::Result<()> {
        Ok(())
    }

    async fn handle(
        &mut self,
        id: Uuid,
        letter: DeliveredLetter,
        report: &mut ActionReport<'_>,
    ) -> anyhow::Result<()> {
        let info =
            self.info_reader.read(id, &letter.arrival, DeadLetterHeaders::read(&letter.arrival));
        if let Some(bytes) = letter.arrival.body_left_out() {
            self.observer
                .note(&format!("{id}: its body of {bytes} bytes is not archived: it is too large"));
        }
        self.bytes += letter.arrival.body.len();
        self.archive.write(&LetterDocument::new(info, &letter.arrival))?;
        self.written.push(WrittenLetter { id, letter });
        if self.written.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.complete(report).await?;
        }
        Ok(())
    }

    /// No letter is removed from the broker before it is on the disk.
    async fn complete(&mut self, report: &mut ActionReport<'_>) -> anyhow::Result<()> {
        let written = std::mem::take(&mut self.written);
        self.bytes = 0;
        self.archive.sync().context("the archive cannot be written")?;
        for WrittenLetter { id, letter } in written {
            letter.remove().await?;
            report.record(id, ActionResult::Dropped);
        }
        Ok(())
    }
}
