//! `postern tail`: the events postern publishes, as they come.

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, builder::PossibleValuesParser};
use consumer::Settings;
use events::{Outbound, OutboundType, names};
use futures_util::StreamExt;
use lapin::{
    Connection, Consumer,
    options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::time::{self, Instant};

use super::{
    args::Printing,
    broker,
    failure::Failure,
    output::{Output, note},
    words,
};

/// Arguments of `tail`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern tail --integration acme\n  \
    postern tail --type lock.opened.v1 --count 1 --timeout 30s --output json")]
pub(super) struct Tail {
    /// End after this many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this long, such as 30s; with --count a failure if there were fewer events.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(types()))]
    event_type: Option<String>,
    /// Only events of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

/// Every type, and those of rehearsals.
fn types() -> impl Iterator<Item = String> {
    let rehearsals = OutboundType::ALL.iter().map(|event_type| event_type.rehearsal());
    OutboundType::ALL.iter().map(|event_type| event_type.code().to_owned()).chain(rehearsals)
}

/// Prints events until the count, the timeout or Ctrl-C.
pub(super) async fn run(tail: Tail, settings: &Settings) -> Result<(), Failure> {
    let started = Instant::now();
    let connection = broker::connect(settings, "postern tail").await?;
    let mut events = listen(&connection).await?;
    note("listening…");

    let result = tokio::select! {
        result = print(&tail, &mut events) => result,
        () = timeout(tail.timeout, started) => tail.ran_out(),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C").map_err(Failure::from)
        }
    };
    // The queue goes with the connection, with or without a goodbye.
    let _ = time::timeout(Duration::from_secs(1), connection.close(200, "done".into())).await;
    result
}

/// A queue of this process alone, which the broker removes after it.
async fn listen(connection: &Connection) -> anyhow::Result<Consumer> {
    let listening = async {
        let channel = connection.create_channel().await?;
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
        channel
            .queue_bind(
                queue.name().clone(),
                names::OUTBOUND_EXCHANGE.into(),
                "#".into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        channel.basic_consume(queue.name().clone(), "".into(), options, FieldTable::default()).await
    };
    listening.await.context("cannot listen to postern's events")
}

async fn print(tail: &Tail, events: &mut Consumer) -> Result<(), Failure> {
    let output = Output::new(tail.printing);
    let mut left = tail.count;
    while left != Some(0) {
        let delivery = events
            .next()
            .await
            .ok_or_else(|| anyhow!("the broker ended the subscription"))?
            .context("the connection to the broker was lost")?;
        let Ok(event) = serde_json::from_slice::<Outbound>(&delivery.data) else {
            note(&format!("left out what is no event of postern ({})", delivery.routing_key));
            continue;
        };
        if tail.wants(&event) {
            output.one(&event, || words::line(&event))?;
            left = left.map(|left| left - 1);
        }
    }
    Ok(())
}

async fn timeout(timeout: Option<Duration>, started: Instant) {
    match timeout {
        Some(timeout) => time::sleep_until(started + timeout).await,
        None => std::future::pending().await,
    }
}

impl Tail {
    fn wants(&self, event: &Outbound) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| *wanted == event.event_type())
            && self.integration.as_deref().is_none_or(|wanted| wanted == event.integration_id())
    }

    fn ran_out(&self) -> Result<(), Failure> {
        match self.count {
            Some(count) => Err(Failure::plain(format!("fewer than {count} events in the time"))),
            None => Ok(()),
        }
    }
}
