//! `postern dlq show`: one complete dead letter, and the predicted result of a replay.

use clap::Args;
use config::BrokerConfig;
use operations::dead_letters::{self, DeadLetters, ShownLetter};
use serde_json::{Map, Value};

use super::selection::parsed_id;
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{
        observer::ProgressObserver,
        output::Output,
        text::{printable, time_text},
    },
};

/// Arguments of `dlq show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The id, as `postern dlq list` shows it.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputFlag,
}

/// Prints the letter, once it is in the queue again.
pub(super) async fn run(
    arguments: ShowArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let id = parsed_id(&arguments.id)?;
    let observer = ProgressObserver::default();
    let shown = dead_letters::show(DeadLetters::all(config, &observer), id).await?;
    Output::new(arguments.output).print(&shown, || shown_text(&shown))
}

fn shown_text(shown: &ShownLetter) -> String {
    let ShownLetter { document, prediction } = shown;
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

fn section(lines: &mut Vec<String>, title: &str, members: &Map<String, Value>) {
    lines.push(format!("\n{title}"));
    for (name, value) in members {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("  {}: {}", printable(name), printable(&value)));
    }
}
