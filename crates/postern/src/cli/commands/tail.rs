//! `postern tail`: the events that postern publishes, one line for each, as they arrive.

use clap::{Args, builder::PossibleValuesParser};
use operations::check_configured;
use tokio::time::Instant;

use crate::cli::{
    arguments::{
        listening::{ListeningBounds, event_types},
        output_format::OutputFlag,
    },
    connections::event_subscription::{EventSubscription, ReceivedEvent, WantedEvents},
    failure::CommandFailure,
    terminal::{event_text, output::Output, text::printable},
};
use config::BrokerConfig;

/// Arguments of `tail`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  postern tail --integration acme\n  \
    postern tail --type lock.opened.v1 --count 1 --timeout 30s --output json\n\n\
    Where the connection to RabbitMQ is lost, another one is made; events in between are not seen. `postern \
    listen` shows all members of the events of one integration, and posts them.")]
pub(crate) struct TailArguments {
    #[command(flatten)]
    bounds: ListeningBounds,
    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(event_types()))]
    event_type: Option<String>,
    /// Only events of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    #[command(flatten)]
    output: OutputFlag,
}

impl TailArguments {
    /// The integration that it names.
    pub(crate) fn integration(&self) -> Option<&str> {
        self.integration.as_deref()
    }
}

/// Prints events until the count, the timeout or Ctrl-C.
pub(crate) async fn run(
    arguments: TailArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let started = Instant::now();
    check_configured(arguments.integration.as_deref(), config.integration_ids().as_deref())?;
    let wanted = WantedEvents {
        connection_name: "postern tail",
        queue_prefix: String::new(),
        binding_keys: vec!["#".to_owned()],
    };
    let mut events = EventSubscription::open(&config.broker, wanted).await?;
    arguments.bounds.apply(started, print_events(&arguments, &mut events)).await?;
    events.close().await;
    Ok(())
}

async fn print_events(
    arguments: &TailArguments,
    events: &mut EventSubscription<'_>,
) -> Result<(), CommandFailure> {
    let output = Output::new(arguments.output);
    let mut left = arguments.bounds.count;
    while left != Some(0) {
        let received = events.next().await;
        if arguments.selects(&received) {
            let event = &received.event;
            output.print(event, || printable(&event_text::event_line(event)))?;
            left = left.map(|left| left - 1);
        }
    }
    Ok(())
}

impl TailArguments {
    fn selects(&self, ReceivedEvent { event, .. }: &ReceivedEvent) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| *wanted == event.event_type())
            && self.integration.as_deref().is_none_or(|wanted| wanted == event.integration_id())
    }
}
