//! `postern tail`: the events that postern publishes, as they arrive.

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, builder::PossibleValuesParser};
use events::{Outbound, OutboundType, names};
use futures_util::StreamExt;
use lapin::{
    Connection, Consumer,
    options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::time::{self, Instant};

use crate::cli::{
    arguments::output_format::OutputFlag,
    connections::broker::{self, Needed},
    failure::CommandFailure,
    terminal::{
        event_text,
        output::{Output, print_note},
        text::printable,
    },
};
use crate::config::BrokerConfig;

/// Arguments of `tail`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern tail --integration acme\n  \
    postern tail --type lock.opened.v1 --count 1 --timeout 30s --output json")]
pub(crate) struct TailArguments {
    /// End after this number of events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after this time, such as 30s; with --count, fewer events by then are a failure.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(types()))]
    event_type: Option<String>,
    /// Only events of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    #[command(flatten)]
    output: OutputFlag,
}

/// All event types, and those of rehearsals.
fn types() -> impl Iterator<Item = String> {
    let rehearsals = OutboundType::ALL.iter().map(|event_type| event_type.rehearsal());
    OutboundType::ALL.iter().map(|event_type| event_type.code().to_owned()).chain(rehearsals)
}

/// Prints events until the count, the timeout or Ctrl-C.
pub(crate) async fn run(
    arguments: TailArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let started = Instant::now();
    let connection =
        broker::connect(&config.broker, "postern tail", Needed::Exchange(names::OUTBOUND_EXCHANGE))
            .await?;
    let mut events = subscribe(&connection).await?;
    print_note("listening…");

    let result = tokio::select! {
        result = print_events(&arguments, &mut events) => result,
        () = timeout(arguments.timeout, started) => arguments.timed_out(),
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("the handler for Ctrl-C cannot be installed").map_err(CommandFailure::from)
        }
    };
    // The broker removes the queue when the connection ends, even where it is not closed.
    let _ = time::timeout(Duration::from_secs(1), connection.close(200, "done".into())).await;
    result
}

/// Subscribes with an exclusive queue, which the broker removes with the connection.
async fn subscribe(connection: &Connection) -> anyhow::Result<Consumer> {
    let subscribing = async {
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
    subscribing.await.context("the events of postern cannot be subscribed to")
}

async fn print_events(
    arguments: &TailArguments,
    events: &mut Consumer,
) -> Result<(), CommandFailure> {
    let output = Output::new(arguments.output);
    let mut left = arguments.count;
    while left != Some(0) {
        let delivery = events
            .next()
            .await
            .ok_or_else(|| anyhow!("the broker ended the subscription"))?
            .context("the connection to the broker was lost")?;
        let Ok(event) = serde_json::from_slice::<Outbound>(&delivery.data) else {
            print_note(&format!(
                "skipped a message that is not an event of postern ({})",
                delivery.routing_key
            ));
            continue;
        };
        if arguments.selects(&event) {
            output.print(&event, || printable(&event_text::event_line(&event)))?;
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

impl TailArguments {
    fn selects(&self, event: &Outbound) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| *wanted == event.event_type())
            && self.integration.as_deref().is_none_or(|wanted| wanted == event.integration_id())
    }

    fn timed_out(&self) -> Result<(), CommandFailure> {
        match self.count {
            Some(count) => {
                Err(CommandFailure::message(format!("fewer than {count} events in the time")))
            }
            None => Ok(()),
        }
    }
}
