//! `postern dlq show`: one dead letter, whole, and what a replay would come to.

use chrono::Utc;
use clap::Args;
use consumer::Settings;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    document::Document,
    open,
    predict::{Oracle, Prediction},
    selection::{by_ids, unknown},
    survey::Survey,
};
use crate::cli::{
    args::Printing,
    failure::Failure,
    output::{Output, local, printable},
};

/// Arguments of `dlq show`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// Its id, as `postern dlq list` shows it.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    document: Document,
    #[serde(flatten)]
    prediction: Prediction,
}

/// Finds it, gives it back and prints it.
pub(super) async fn run(show: Show, settings: &Settings) -> Result<(), Failure> {
    let wanted = by_ids(std::slice::from_ref(&show.id))?;
    let oracle = Oracle::new(settings)?;
    let connection = open(settings).await?;
    let mut survey = Survey::begin(&connection, &wanted).await?;
    let found = survey.next().await?;
    survey.end().await?;
    let _ = connection.close(200, "done".into()).await;
    let found = found.ok_or_else(|| unknown([&show.id]))?;

    let letter = &found.letter.arrival;
    let prediction = oracle.predict(letter, Utc::now()).await;
    let shown = Shown { document: Document::new(found.facts, letter), prediction };
    Output::new(show.printing).one(&shown, || shown.words())
}

impl Shown {
    fn words(&self) -> String {
        let Self { document, prediction } = self;
        let facts = &document.facts;
        let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), printable);
        let mut lines: Vec<String> = [
            ("id", facts.id.to_string()),
            ("reason", printable(&facts.reason)),
            ("detail", text(facts.detail.as_deref())),
            ("failed at", local(facts.failed_at)),
            ("queue", text(facts.queue.as_deref())),
            ("type", text(facts.kind.as_deref())),
            ("event", text(facts.event_id.as_deref())),
            ("event time", text(facts.time.as_deref())),
            ("integration", text(facts.integration_id.as_deref())),
            ("booking", text(facts.booking_id.as_deref())),
            ("attempts", facts.attempts.map_or_else(|| "-".to_owned(), |it| it.to_string())),
            ("replays", facts.replays.to_string()),
            ("if replayed", format!("{}: {}", prediction.fate.words(), prediction.detail)),
        ]
        .into_iter()
        .map(|(name, value)| format!("{name:<12} {value}"))
        .collect();
        section(&mut lines, "properties", &document.properties);
        section(&mut lines, "headers", &document.headers);
        for (name, body) in &document.body {
            lines.push(format!("\n{name}, {} bytes", facts.bytes));
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
