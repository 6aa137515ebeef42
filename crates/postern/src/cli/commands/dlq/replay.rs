//! `postern dlq replay`: publishes dead letters to their original queues.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use chrono::Utc;
use clap::Args;
use operations::connections::broker::{self, BROKER_TIMEOUT};
use publisher::{HeaderKey, Message, PublishError, Publisher};
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{
    action::{Action, Control},
    connection,
    for_each::for_each,
    predictor::{Prediction, Predictor},
    reader::DeliveredLetter,
    report::{ActionReport, ActionResult},
    search::Search,
    selected_letters,
    selection::{Criteria, SelectionArguments},
};
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, interrupt,
    terminal::output::Output,
};
use config::BrokerConfig;

/// The number of letters that wait for their confirm at the same time, each on its own channel.
const CONCURRENT_PUBLISHES: usize = 16;

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

/// Replays the letters that match now. A letter that becomes a dead letter again meanwhile is not
/// replayed a second time.
pub(super) async fn run(
    arguments: ReplayArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let criteria = arguments.selection.criteria()?;
    let output = Output::new(arguments.output);
    if arguments.dry_run {
        return dry_run(&criteria, config, &output).await;
    }
    let mut report = selected_letters::find(&criteria, config).await?;
    let rate = arguments.rate.map(|rate| {
        let mut rate = interval(Duration::from_secs(1) / rate);
        rate.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rate
    });
    let mut control = Control { stop: interrupt::stop_between_steps(), rate };
    let mut action = ReplayAction::default();
    let handled = for_each(config, &mut action, &mut report, &mut control).await;
    let finished = report.finish(&output, control.stop.is_cancelled());
    handled?;
    finished
}

#[derive(Serialize)]
struct PredictedReplay {
    id: Uuid,
    #[serde(flatten)]
    prediction: Prediction,
}

async fn dry_run(
    criteria: &Criteria,
    config: &BrokerConfig,
    output: &Output,
) -> Result<(), CommandFailure> {
    let mut predictor = Predictor::new(config)?;
    let connection = connection::open(config).await?;
    let mut search = Search::begin(&connection, criteria, config).await?;
    let mut predicted = Vec::new();
    while let Some(found) = search.next().await? {
        let prediction = predictor.predict(&found.letter.arrival, Utc::now()).await;
        predicted.push(PredictedReplay { id: found.info.id, prediction });
    }
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    output.print_all(&predicted, ["ID", "IF REPLAYED", "DETAIL"], |it| {
        let Prediction { result, detail } = &it.prediction;
        [it.id.to_string(), result.text().to_owned(), detail.clone()]
    })
}

/// The result of the replay of one letter; an error where it is not known.
struct Replayed {
    id: Uuid,
    result: anyhow::Result<ActionResult>,
}

/// Publishes on a connection of its own, because RabbitMQ may block a connection that publishes.
#[derive(Default)]
struct ReplayAction {
    publisher: Option<Publisher>,
    header_key: Option<Arc<HeaderKey>>,
    in_progress: JoinSet<Replayed>,
}

impl Action for ReplayAction {
    async fn begin(&mut self, config: &BrokerConfig) -> anyhow::Result<()> {
        let nodes = &config.broker.nodes;
        let connection = nodes.connect("postern dlq replay", BROKER_TIMEOUT).await?;
        self.publisher = Some(broker::open_publisher(connection, CONCURRENT_PUBLISHES).await?);
        let settings = config.complete.as_ref();
        self.header_key = settings.map(|settings| settings.secrets.header_key());
        Ok(())
    }

    async fn handle(
        &mut self,
        id: Uuid,
        letter: DeliveredLetter,
        report: &mut ActionReport,
    ) -> anyhow::Result<()> {
        while let Some(replayed) = self.in_progress.try_join_next() {
            record(replayed?, report)?;
        }
        while self.in_progress.len() >= CONCURRENT_PUBLISHES {
            self.complete_one(report).await?;
        }
        let publisher = self.publisher.clone().context("there is no publisher")?;
        let header_key = self.header_key.clone();
        self.in_progress.spawn(async move {
            Replayed { id, result: replay(&publisher, header_key.as_deref(), &letter).await }
        });
        Ok(())
    }

    async fn complete(&mut self, report: &mut ActionReport) -> anyhow::Result<()> {
        let mut completed = Ok(());
        while !self.in_progress.is_empty() {
            completed = completed.and(self.complete_one(report).await);
        }
        completed
    }
}

impl ReplayAction {
    async fn complete_one(&mut self, report: &mut ActionReport) -> anyhow::Result<()> {
        match self.in_progress.join_next().await {
            Some(replayed) => record(replayed?, report),
            None => Ok(()),
        }
    }
}

fn record(replayed: Replayed, report: &mut ActionReport) -> anyhow::Result<()> {
    report.record(replayed.id, replayed.result?);
    Ok(())
}

/// Publishes the letter to its queue, and then removes it from the dead letters. An interruption
/// between the two leaves it in both, which has no second effect: a request opens at most once.
async fn replay(
    publisher: &Publisher,
    header_key: Option<&HeaderKey>,
    letter: &DeliveredLetter,
) -> anyhow::Result<ActionResult> {
    let message = match Message::replay(&letter.arrival, header_key) {
        Ok(message) => message,
        Err(error) => return Ok(ActionResult::Failed(error.to_string())),
    };
    let published = broker::publish(publisher, message).await;
    match published.context("a dead letter may have been replayed")? {
        Ok(()) => {}
        Err(error @ (PublishError::Returned { .. } | PublishError::Refused)) => {
            return Ok(ActionResult::Failed(error.to_string()));
        }
        Err(error @ (PublishError::Unconfirmed(_) | PublishError::Lost(_))) => {
            return Err(anyhow!(error).context("a dead letter may have been replayed"));
        }
    }
    letter.remove().await?;
    Ok(ActionResult::Replayed)
}
