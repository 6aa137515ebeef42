//! `postern listen`: the events of one integration for the developer of a booking system, shown with all
//! their members or posted to a program.

mod receiver;

use clap::{Args, builder::PossibleValuesParser};
use events::names;
use operations::check_configured;
use tokio::time::Instant;
use url::Url;

use self::receiver::{LOST_AFTER, Posted, Receiver};
use crate::cli::{
    arguments::{
        integration::IntegrationArgument,
        listening::{ListeningBounds, event_types},
        output_format::OutputFlag,
    },
    connections::event_subscription::{EventSubscription, ReceivedEvent, WantedEvents},
    failure::CommandFailure,
    terminal::{
        event_text,
        output::{Output, print_note},
    },
};
use config::{BrokerConfig, checked_http};

/// Arguments of `listen`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Needs only [broker], and the rights of a consumer of the integration (docs/security.md); --queue-prefix names \
the queue for them. Nothing durable is declared: events that are published before the command listens, or \
while its connection to RabbitMQ is lost, are not seen; where more than 10,000 wait, the oldest are dropped. A \
booking system in production needs a durable queue of its own (docs/publishing.md).

With --post-to, one event after the other is posted as application/cloudevents+json, its body exactly as in \
RabbitMQ. Any status of 2xx takes it. Otherwise it is posted again after 250 ms, doubling to 10 s, up to \
--post-tries times, each for at most 10 s; then it is lost for the receiver, a line on standard error names \
it, and the next event follows. The exit status is 1 where one was lost. Redirects are not followed.

`postern tail` prints one line for each event of all integrations.

Examples:
  postern listen --integration acme-utrecht
  postern listen --integration acme-utrecht --type lock.opened.v1 --count 1 --timeout 30s --output json
  postern listen --integration acme-utrecht --post-to http://127.0.0.1:3000/postern-events")]
pub(crate) struct ListenArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// Only events of this type; may be given several times.
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(event_types()))]
    event_types: Vec<String>,
    #[command(flatten)]
    bounds: ListeningBounds,
    /// Post each event to this URL: http on this machine (127.0.0.0/8, ::1, localhost), else https.
    #[arg(long, value_name = "URL", value_parser = checked_http)]
    post_to: Option<Url>,
    /// How often an event is posted before it is given up.
    #[arg(
        long,
        value_name = "N",
        default_value_t = LOST_AFTER,
        requires = "post_to",
        value_parser = clap::value_parser!(u32).range(1..=100)
    )]
    post_tries: u32,
    /// How the name of the temporary queue begins [default: RabbitMQ chooses the name, amq.gen-…]. A user may be
    /// allowed to configure only names that begin with "acme.", say.
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    queue_prefix: String,
    #[command(flatten)]
    output: OutputFlag,
}

impl ListenArguments {
    /// The integration that it names.
    pub(crate) fn integration(&self) -> &str {
        &self.integration.integration_id
    }
}

/// Shows and posts events until the count, the timeout or Ctrl-C.
pub(crate) async fn run(
    arguments: ListenArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let started = Instant::now();
    let integration = arguments.integration.integration_id.as_str();
    check_configured(Some(integration), config.integration_ids().as_deref())?;
    let receiver = arguments.post_to.clone().map(|url| Receiver::new(url, arguments.post_tries));
    let receiver = receiver.transpose()?;
    let wanted = WantedEvents {
        connection_name: "postern listen",
        queue_prefix: arguments.queue_prefix.clone(),
        binding_keys: arguments.binding_keys(),
    };
    let mut events = EventSubscription::open(&config.broker, wanted).await?;
    let mut lost = 0;
    let listening = listen(&arguments, &mut events, receiver.as_ref(), &mut lost);
    arguments.bounds.apply(started, listening).await?;
    events.close().await;
    match lost {
        0 => Ok(()),
        1 => Err(CommandFailure::message("1 event was not taken by the receiver")),
        lost => {
            Err(CommandFailure::message(format!("{lost} events were not taken by the receiver")))
        }
    }
}

async fn listen(
    arguments: &ListenArguments,
    events: &mut EventSubscription<'_>,
    receiver: Option<&Receiver>,
    lost: &mut u64,
) -> Result<(), CommandFailure> {
    let output = Output::new(arguments.output);
    let mut left = arguments.bounds.count;
    while left != Some(0) {
        let ReceivedEvent { event, body } = events.next().await;
        // An id of an integration may be a pattern of routing keys.
        if event.integration_id() != arguments.integration.integration_id {
            continue;
        }
        output.print(&event, || event_text::event_block(&event))?;
        if let Some(receiver) = receiver {
            match receiver.post(&body).await {
                Posted::Taken(text) => print_note(&format!("posted: {text}")),
                Posted::Lost(text) => {
                    *lost += 1;
                    let (kind, id) = (event.event_type(), event.id);
                    print_note(&format!("lost for the receiver: {kind} {id}: {text}"));
                }
            }
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}

impl ListenArguments {
    /// The routing keys of the events, each by itself, so that a topic permission for one integration allows
    /// them.
    fn binding_keys(&self) -> Vec<String> {
        let wanted = |kind: &String| self.event_types.is_empty() || self.event_types.contains(kind);
        let integration = &self.integration.integration_id;
        let key = |kind: String| format!("{}.{integration}", names::routing_key(&kind));
        event_types().filter(wanted).map(key).collect()
    }
}
