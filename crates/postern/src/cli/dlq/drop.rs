//! `postern dlq drop`: dead letters into a file, and out of the broker.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::PathBuf,
};

use anyhow::Context;
use chrono::Utc;
use clap::Args;
use consumer::Settings;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    archive, choose,
    document::Document,
    facts::Reader,
    report::{Fortune, Report},
    selection::Selection,
    stop,
    sweep::{Deed, Pace, sweep},
    walk::Letter,
};
use crate::cli::{
    args::Printing,
    failure::Failure,
    output::{Output, note},
};

/// How much is written before the disk is waited for. Letters, and bytes.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Arguments of `dlq drop`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern dlq drop --reason malformed --age-min 7d\n  \
    postern dlq drop 0f7b2c1e-… --yes --archive dropped.jsonl")]
pub(in crate::cli) struct Drop {
    #[command(flatten)]
    selection: Selection,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// The file they are kept in, which must not exist yet
    /// [default: postern-dead-letters-TIME.jsonl here].
    #[arg(long, value_name = "PATH")]
    archive: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// Asks, archives, removes.
pub(super) async fn run(drop: Drop, settings: &Settings) -> Result<(), Failure> {
    let wanted = drop.selection.wanted()?;
    if !drop.yes && !io::stdin().is_terminal() {
        return Err(Failure::Usage("nobody can be asked here: give --yes".to_owned()));
    }
    let output = Output::new(drop.printing);
    let mut report = choose(&wanted, settings).await?;
    if report.count() == 0 {
        return report.finish(&output);
    }
    if !drop.yes && !confirmed(report.count())? {
        note("nothing was dropped");
        return Ok(());
    }
    let path = drop.archive.unwrap_or_else(|| {
        format!("postern-dead-letters-{}.jsonl", Utc::now().format("%Y%m%dT%H%M%S%3fZ")).into()
    });
    let file = archive::create(&path)?;
    note(&format!("archiving to {}", path.display()));
    let mut dropping = Dropping::into(file);
    let mut pace = Pace { stop: stop(), rate: None };
    let swept = sweep(settings, &mut dropping, &mut report, &mut pace).await;
    let finished = report.finish(&output);
    swept?;
    finished
}

fn confirmed(count: usize) -> anyhow::Result<bool> {
    let mut err = io::stderr();
    write!(err, "Drop {count} dead letters? Type yes: ").and_then(|()| err.flush())?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("no answer")?;
    Ok(answer.trim() == "yes")
}

/// Letters that are written and not removed yet.
struct Dropping {
    file: BufWriter<File>,
    reader: Reader,
    written: Vec<(Uuid, Letter)>,
    bytes: usize,
}

impl Dropping {
    fn into(file: File) -> Self {
        let file = BufWriter::new(file);
        Self { file, reader: Reader::default(), written: Vec::new(), bytes: 0 }
    }
}

impl Deed for Dropping {
    async fn begin(&mut self, _: &Settings) -> anyhow::Result<()> {
        Ok(())
    }

    async fn take(&mut self, id: Uuid, letter: Letter, report: &mut Report) -> anyhow::Result<()> {
        let facts = self.reader.read(id, &letter.arrival, DeadLetterHeaders::read(&letter.arrival));
        self.bytes += letter.arrival.body.len();
        archive::write(&mut self.file, &Document::new(facts, &letter.arrival))?;
        self.written.push((id, letter));
        if self.written.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.settle(report).await?;
        }
        Ok(())
    }

    /// Nothing leaves the broker before the disk has it.
    async fn settle(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let written = std::mem::take(&mut self.written);
        self.bytes = 0;
        self.file.flush().context("the archive cannot be written")?;
        self.file.get_ref().sync_data().context("the archive cannot be written")?;
        for (id, letter) in written {
            letter.remove().await?;
            report.record(id, Fortune::Dropped);
        }
        Ok(())
    }
}
