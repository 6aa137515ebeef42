//! `postern publish`: events as the booking system would publish them.

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use consumer::Settings;
use events::{
    BookingStatus, DecodeError, Event, InboundData, OpenRequest, decode_booking_status,
    decode_open_request, names,
};
use operations::connections::broker::{self, Needed};
use publisher::{Message, PublishError};
use uuid::Uuid;

use crate::cli::{
    arguments::{
        integration::IntegrationArgument, output_format::OutputFlag, time_argument::TimeArgument,
    },
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};
use config::BrokerConfig;

/// Commands that publish an event.
#[derive(Debug, Subcommand)]
pub(crate) enum PublishCommand {
    /// Publish the newest state of a booking.
    ///
    /// Times are RFC 3339 or relative to now: now, +15m, -1h30m.
    #[command(after_help = "Example:\n  postern publish booking-status --integration acme \
        --booking b-1 --status paid --object room-12 --starts-at now --ends-at +2h")]
    BookingStatus(BookingStatusArguments),
    /// Publish an open request: a guest is at the door now.
    ///
    /// Times are RFC 3339 or relative to now: now, +15m, -1h30m.
    #[command(after_help = "Example:\n  postern publish open-request --integration acme \
        --booking b-1 --object room-12 --expires-at +30s")]
    OpenRequest(OpenRequestArguments),
}

/// Arguments of both events.
#[derive(Debug, Args)]
pub(crate) struct EventArguments {
    /// The event's id; with the source it identifies the event [default: a new UUID].
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The event's time.
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    time: TimeArgument,
    /// The event's source.
    #[arg(long, value_name = "URI", default_value = "/postern/cli")]
    source: String,
    #[command(flatten)]
    output: OutputFlag,
}

/// Arguments of `publish booking-status`.
#[derive(Debug, Args)]
pub(crate) struct BookingStatusArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// The booking's id.
    #[arg(long, value_name = "ID")]
    booking: String,
    /// The booking's status, as the booking system spells it.
    #[arg(long)]
    status: String,
    /// A booked object; may be given several times.
    #[arg(long = "object", value_name = "ID", required = true)]
    objects: Vec<String>,
    /// The start of the booking.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    starts_at: TimeArgument,
    /// The end of the booking.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    ends_at: TimeArgument,
    /// The revision, which grows with every change of the booking.
    #[arg(long)]
    revision: Option<u64>,
    #[command(flatten)]
    event: EventArguments,
}

/// Arguments of `publish open-request`.
#[derive(Debug, Args)]
pub(crate) struct OpenRequestArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// The booking's id.
    #[arg(long, value_name = "ID")]
    booking: String,
    /// Which of the booked objects; needed where the booking has several.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// The expiry of the request [default: the event's time plus opening.request_ttl].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    expires_at: Option<TimeArgument>,
    /// An opaque reference to the person who asks; no personal data.
    #[arg(long, value_name = "REFERENCE")]
    requested_by: Option<String>,
    #[command(flatten)]
    event: EventArguments,
}

/// Publishes the event, waits for the broker's confirm, and prints the event or its id.
pub(crate) async fn run(
    command: PublishCommand,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let now = Utc::now();
    match command {
        PublishCommand::BookingStatus(arguments) => {
            let output = arguments.event.output;
            let event = arguments.event(now);
            validate(&event, now, config, &event.data.integration_id, |body, now| {
                decode_booking_status(body, now)
            })?;
            publish(&event, config).await?;
            Output::new(output).print(&event, || event.id.clone())
        }
        PublishCommand::OpenRequest(arguments) => {
            let output = arguments.event.output;
            let event = arguments.event(now);
            validate(&event, now, config, &event.data.integration_id, |body, now| {
                decode_open_request(body, now)
            })?;
            publish(&event, config).await?;
            Output::new(output).print(&event, || event.id.clone())
        }
    }
}

impl BookingStatusArguments {
    fn event(self, now: DateTime<Utc>) -> Event<BookingStatus> {
        self.event.with_data(
            now,
            BookingStatus {
                integration_id: self.integration.integration_id,
                booking_id: self.booking,
                status: self.status,
                object_ids: self.objects,
                starts_at: self.starts_at.at(now),
                ends_at: self.ends_at.at(now),
                revision: self.revision,
            },
        )
    }
}

impl OpenRequestArguments {
    fn event(self, now: DateTime<Utc>) -> Event<OpenRequest> {
        self.event.with_data(
            now,
            OpenRequest {
                integration_id: self.integration.integration_id,
                booking_id: self.booking,
                object_id: self.object,
                expires_at: self.expires_at.map(|time| time.at(now)),
                requested_by: self.requested_by,
            },
        )
    }
}

impl EventArguments {
    fn with_data<T>(self, now: DateTime<Utc>, data: T) -> Event<T> {
        Event {
            id: self.id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            source: self.source,
            time: self.time.at(now),
            traceparent: None,
            data,
        }
    }
}

impl PublishCommand {
    /// The integration that it names.
    pub(crate) fn integration(&self) -> &str {
        match self {
            Self::BookingStatus(arguments) => &arguments.integration.integration_id,
            Self::OpenRequest(arguments) => &arguments.integration.integration_id,
        }
    }
}

/// Fails for an event that every worker would make a dead letter. An integration that is not in the
/// configuration is only noted, because another worker may have it.
fn validate<T: InboundData, D>(
    event: &Event<T>,
    now: DateTime<Utc>,
    config: &BrokerConfig,
    integration_id: &str,
    decode: impl FnOnce(&[u8], DateTime<Utc>) -> Result<D, DecodeError>,
) -> Result<(), CommandFailure> {
    let body = event.to_json().map_err(|error| CommandFailure::Usage(error.to_string()))?;
    decode(&body, now).map_err(|error| {
        CommandFailure::Usage(format!("this is not a valid {} event: {error}", T::EVENT_TYPE))
    })?;
    let knows = |settings: &Settings| {
        settings.integrations.iter().any(|one| one.rules.id == integration_id)
    };
    if config
        .complete
        .as_ref()
        .is_some_and(|settings| !knows(settings) && !config.stored_are_unknown)
    {
        print_note(&format!("note: the configuration has no integration {integration_id:?}"));
    }
    Ok(())
}

async fn publish<T: InboundData>(event: &Event<T>, config: &BrokerConfig) -> anyhow::Result<()> {
    let needed = Needed::Exchange(names::INBOUND_EXCHANGE);
    let connection = broker::connect(&config.broker, "postern publish", needed).await?;
    let publisher = broker::open_publisher(connection, 1).await?;
    let message = Message::inbound(event).context("the event cannot be written as JSON")?;
    let published = broker::publish(&publisher, message).await;
    publisher.close().await;
    published.context("the event may not have been published")?.map_err(|error| match error {
        PublishError::Returned { .. } => {
            anyhow!(
                "the broker returned the event: no queue is bound for it, so no worker would get it"
            )
        }
        PublishError::Refused | PublishError::Unconfirmed(_) | PublishError::Lost(_) => {
            anyhow::Error::new(error).context("the event may not have been published")
        }
    })
}
