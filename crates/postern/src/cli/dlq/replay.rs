//! `postern dlq replay`: dead letters back to their queues.

use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::Utc;
use clap::Args;
use consumer::Settings;
use publisher::{Message, PublishError, Publisher};
use secrecy::ExposeSecret;
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{
    choose, open,
    predict::{Oracle, Prediction},
    report::{Fortune, Report},
    selection::{Selection, Wanted, unknown},
    stop,
    survey::Survey,
    sweep::{Deed, Pace, sweep},
    walk::Letter,
};
use crate::cli::{args::Printing, broker::PATIENCE, failure::Failure, output::Output};

/// Publishes that may wait for their confirm at once, each on a channel of its own.
const AT_ONCE: usize = 16;

/// Arguments of `dlq replay`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Each letter is published to the queue it comes from, and removed once the broker has confirmed it. \
Ctrl-C stops between two letters. A replayed request whose outcome is known has it published again \
and opens nothing; an expired one opens nothing.

Examples:
  postern dlq replay --reason iq_not_activated --dry-run
  postern dlq replay --integration acme --rate 10
  postern dlq replay 0f7b2c1e-…")]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    selection: Selection,
    /// Only say what would become of each.
    #[arg(long)]
    dry_run: bool,
    /// At most so many a second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    #[command(flatten)]
    printing: Printing,
}

/// Replays what is there now: what becomes a dead letter again is not replayed a second time.
pub(super) async fn run(replay: Replay, settings: &Settings) -> Result<(), Failure> {
    let wanted = replay.selection.wanted()?;
    let output = Output::new(replay.printing);
    if replay.dry_run {
        return dry_run(&wanted, settings, &output).await;
    }
    let mut report = choose(&wanted, settings).await?;
    let rate = replay.rate.map(|rate| {
        let mut rate = interval(Duration::from_secs(1) / rate);
        rate.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rate
    });
    let mut pace = Pace { stop: stop(), rate };
    let swept = sweep(settings, &mut Replaying::default(), &mut report, &mut pace).await;
    let finished = report.finish(&output);
    swept?;
    finished
}

#[derive(Serialize)]
struct Predicted {
    id: Uuid,
    #[serde(flatten)]
    prediction: Prediction,
}

async fn dry_run(wanted: &Wanted, settings: &Settings, output: &Output) -> Result<(), Failure> {
    let oracle = Oracle::new(settings)?;
    let connection = open(settings).await?;
    let mut survey = Survey::begin(&connection, wanted).await?;
    let mut predicted = Vec::new();
    while let Some(found) = survey.next().await? {
        let prediction = oracle.predict(&found.letter.arrival, Utc::now()).await;
        predicted.push(Predicted { id: found.facts.id, prediction });
    }
    let (_, missing) = survey.end().await?;
    let _ = connection.close(200, "done".into()).await;
    if !missing.is_empty() {
        return Err(unknown(missing));
    }
    output.all(&predicted, ["ID", "IF REPLAYED", "WHY"], |it| {
        let Prediction { fate, detail } = &it.prediction;
        [it.id.to_string(), fate.words().to_owned(), detail.clone()]
    })
}

/// Publishes on a connection of its own: one that consumes should not be blocked with it.
#[derive(Default)]
struct Replaying {
    publisher: Option<Publisher>,
    under_way: JoinSet<(Uuid, anyhow::Result<Fortune>)>,
}

impl Deed for Replaying {
    async fn begin(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let url = settings.broker.url.expose_secret();
        let connection = publisher::connect(url, "postern dlq replay", PATIENCE).await?;
        let publisher = Publisher::open(connection, AT_ONCE, PATIENCE).await;
        self.publisher = Some(publisher.context("no channel to publish on")?);
        Ok(())
    }

    async fn take(&mut self, id: Uuid, letter: Letter, report: &mut Report) -> anyhow::Result<()> {
        while let Some(ended) = self.under_way.try_join_next() {
            record(ended?, report)?;
        }
        while self.under_way.len() >= AT_ONCE {
            self.one(report).await?;
        }
        let publisher = self.publisher.clone().context("nothing to publish on")?;
        self.under_way.spawn(async move { (id, replay(&publisher, &letter).await) });
        Ok(())
    }

    async fn settle(&mut self, report: &mut Report) -> anyhow::Result<()> {
        let mut settled = Ok(());
        while !self.under_way.is_empty() {
            settled = settled.and(self.one(report).await);
        }
        settled
    }
}

impl Replaying {
    async fn one(&mut self, report: &mut Report) -> anyhow::Result<()> {
        match self.under_way.join_next().await {
            Some(ended) => record(ended?, report),
            None => Ok(()),
        }
    }
}

fn record(
    (id, fortune): (Uuid, anyhow::Result<Fortune>),
    report: &mut Report,
) -> anyhow::Result<()> {
    report.record(id, fortune?);
    Ok(())
}

/// First the broker has it in its queue, then it is no dead letter any more. Ending between the two
/// leaves it in both, which does no harm: whatever it asks for is done once.
async fn replay(publisher: &Publisher, letter: &Letter) -> anyhow::Result<Fortune> {
    let message = match Message::replay(&letter.arrival) {
        Ok(message) => message,
        Err(error) => return Ok(Fortune::Failed(error.to_string())),
    };
    match publisher.publish(message).await {
        Ok(()) => {}
        Err(error @ (PublishError::Returned { .. } | PublishError::Refused)) => {
            return Ok(Fortune::Failed(error.to_string()));
        }
        Err(error @ (PublishError::Unconfirmed(_) | PublishError::Lost(_))) => {
            return Err(anyhow!(error).context("a dead letter may have been replayed"));
        }
    }
    letter.remove().await?;
    Ok(Fortune::Replayed)
}
