//! `postern dlq show`: one complete dead letter, and the predicted result of a replay.

use chrono::Utc;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    connection,
    document::LetterDocument,
    predictor::{Prediction, Predictor},
    search::Search,
    selection::{by_ids, not_found},
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{
        output::Output,
        text::{printable, time_text},
    },
};
use config::BrokerConfig;

/// Arguments of `dlq show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The id, as `postern dlq list` shows it.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputFlag,
}

#[derive(Serialize)]
struct ShownLetter {
    #[serde(flatten)]
    document: LetterDocument,
    #[serde(flatten)]
    prediction: Prediction,
}

/// Finds the letter, returns it to the queue, and prints it.
pub(super) async fn run(
    arguments: ShowArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let criteria = by_ids(std::slice::from_ref(&arguments.id))?;
    let mut predictor = Predictor::new(config)?;
    let connection = connection::open(config).await?;
    let mut search = Search::begin(&connection, &criteria, config).await?;
    let found = search.next().await?;
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    let found = found.ok_or_else(|| not_found([&arguments.id]))?;

    let letter = &found.letter.arrival;
    let prediction = predictor.predict(letter, Utc::now()).await;
    let shown = ShownLetter { document: LetterDocument::new(found.info, letter), prediction };
    Output::new(arguments.output).print(&shown, || shown.text())
}

impl ShownLetter {
    fn text(&self) -> String {
        let Self { document, prediction } = self;
        let info = &document.info;
        let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), printable);
        let mut lines: Vec<String> = [
            ("id", info.id.to_string()),
            ("reason", printable(&info.reason)),
            ("detail", text(info.detail.as_deref())),
            ("failed at", time_text(info.failed_at)),
            ("queue", text(info.queue.as_deref())),
            ("type", text(info.kind.as_deref())),
            ("event", text(info.event_id.as_deref())),
            ("event time", text(info.time.as_deref())),
            ("integration", text(info.integration_id.as_deref())),
            ("booking", text(info.booking_id.as_deref())),
            ("attempts", info.attempts.map_or_else(|| "-".to_owned(), |it| it.to_string())),
            ("replays", info.replays.to_string()),
            ("if replayed", format!("{}: {}", prediction.result.text(), prediction.detail)),
        ]
        .into_iter()
        .map(|(name, value)| format!("{name:<12} {value}"))
        .collect();
        section(&mut lines, "properties", &document.properties);
        section(&mut lines, "headers", &document.headers);
        for (name, body) in &document.body {
            lines.push(format!("\n{name}, {} bytes", info.bytes));
            lines.extend(body.as_str().unwrap_or_default().lines().map(printable));
        }
        lines.join("\n")
    }
}

fn section(lines: &mut Vec<String>, title: &str, members: &Map<String, Value>) {
    lines.push(format!("\n{title}"));
    for (name, value) in members {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("  {}: {}", printable(name), printable(&value)));
    }
}
