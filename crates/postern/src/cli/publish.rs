//! `postern publish`: events as the booking system would publish them.

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use consumer::Settings;
use events::{
    BookingStatus, DecodeError, Event, InboundData, OpenRequest, decode_booking_status,
    decode_open_request,
};
use publisher::{Message, PublishError, Publisher};
use uuid::Uuid;

use super::{
    args::{Integration, Printing},
    broker::{self, PATIENCE},
    failure::Failure,
    moment::Moment,
    output::{Output, note},
};

/// What to publish.
#[derive(Debug, Subcommand)]
pub(super) enum Publish {
    /// Publish the newest state of a booking.
    ///
    /// Times are RFC 3339 or counted from now: now, +15m, -1h30m.
    #[command(after_help = "Example:\n  postern publish booking-status --integration acme \
        --booking b-1 --status paid --object room-12 --starts-at now --ends-at +2h")]
    BookingStatus(PublishBookingStatus),
    /// Publish that somebody stands at the door now.
    ///
    /// Times are RFC 3339 or counted from now: now, +15m, -1h30m.
    #[command(after_help = "Example:\n  postern publish open-request --integration acme \
        --booking b-1 --object room-12 --expires-at +30s")]
    OpenRequest(PublishOpenRequest),
}

/// What both kinds of event have.
#[derive(Debug, Args)]
pub(super) struct Envelope {
    /// The event's id; with the source it identifies the event [default: a new UUID].
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The event's time.
    #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
    time: Moment,
    /// The event's source.
    #[arg(long, value_name = "URI", default_value = "/postern/cli")]
    source: String,
    #[command(flatten)]
    printing: Printing,
}

/// Arguments of `publish booking-status`.
#[derive(Debug, Args)]
pub(super) struct PublishBookingStatus {
    #[command(flatten)]
    integration: Integration,
    /// The booking's id.
    #[arg(long, value_name = "ID")]
    booking: String,
    /// The booking's status, in the booking system's words.
    #[arg(long)]
    status: String,
    /// A booked object; may be given several times.
    #[arg(long = "object", value_name = "ID", required = true)]
    objects: Vec<String>,
    /// Where the booking begins.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    starts_at: Moment,
    /// Where the booking ends.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    ends_at: Moment,
    /// Grows with every change of the booking.
    #[arg(long)]
    revision: Option<u64>,
    #[command(flatten)]
    envelope: Envelope,
}

/// Arguments of `publish open-request`.
#[derive(Debug, Args)]
pub(super) struct PublishOpenRequest {
    #[command(flatten)]
    integration: Integration,
    /// The booking's id.
    #[arg(long, value_name = "ID")]
    booking: String,
    /// Which of the booked objects; needed where the booking has several.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// When it is too late to open [default: the event's time plus opening.request_ttl].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    expires_at: Option<Moment>,
    /// An opaque reference to whoever asks; no personal data.
    #[arg(long, value_name = "REFERENCE")]
    requested_by: Option<String>,
    #[command(flatten)]
    envelope: Envelope,
}

/// Publishes, waits for the broker's confirm, and prints the event's id or the event.
pub(super) async fn run(publish: Publish, settings: &Settings) -> Result<(), Failure> {
    let now = Utc::now();
    match publish {
        Publish::BookingStatus(args) => {
            let printing = args.envelope.printing;
            let event = args.event(now);
            check(&event, now, settings, &event.data.integration_id, decode_booking_status)?;
            send(&event, settings).await?;
            Output::new(printing).one(&event, || event.id.clone())
        }
        Publish::OpenRequest(args) => {
            let printing = args.envelope.printing;
            let event = args.event(now);
            check(&event, now, settings, &event.data.integration_id, decode_open_request)?;
            send(&event, settings).await?;
            Output::new(printing).one(&event, || event.id.clone())
        }
    }
}

impl PublishBookingStatus {
    fn event(self, now: DateTime<Utc>) -> Event<BookingStatus> {
        self.envelope.around(
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

impl PublishOpenRequest {
    fn event(self, now: DateTime<Utc>) -> Event<OpenRequest> {
        self.envelope.around(
            now,
            OpenRequest {
                integration_id: self.integration.integration_id,
                booking_id: self.booking,
                object_id: self.object,
                expires_at: self.expires_at.map(|moment| moment.at(now)),
                requested_by: self.requested_by,
            },
        )
    }
}

impl Envelope {
    fn around<T>(self, now: DateTime<Utc>, data: T) -> Event<T> {
        Event {
            id: self.id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            source: self.source,
            time: self.time.at(now),
            traceparent: None,
            data,
        }
    }
}

/// Refuses what every worker would make a dead letter; says where the configuration's worker would
/// reject. An unknown integration is published all the same: another worker may know it.
fn check<T: InboundData, D>(
    event: &Event<T>,
    now: DateTime<Utc>,
    settings: &Settings,
    integration_id: &str,
    decode: impl FnOnce(&[u8], DateTime<Utc>) -> Result<D, DecodeError>,
) -> Result<(), Failure> {
    let body = event.to_json().map_err(|error| Failure::Usage(error.to_string()))?;
    decode(&body, now).map_err(|error| {
        Failure::Usage(format!("this is no valid {} event: {error}", T::EVENT_TYPE))
    })?;
    if !settings.integrations.iter().any(|one| one.rules.id == integration_id) {
        note(&format!("note: the configuration has no integration {integration_id:?}"));
    }
    Ok(())
}

async fn send<T: InboundData>(event: &Event<T>, settings: &Settings) -> anyhow::Result<()> {
    let connection = broker::connect(settings, "postern publish").await?;
    let publisher =
        Publisher::open(connection, 1, PATIENCE).await.context("no channel to publish on")?;
    let message = Message::inbound(event).context("the event cannot be written as JSON")?;
    let published = publisher.publish(message).await;
    publisher.close().await;
    published.map_err(|error| match error {
        PublishError::Returned { .. } => {
            anyhow!(
                "the broker returned the event: no queue takes it, so nobody would have seen it"
            )
        }
        PublishError::Refused | PublishError::Unconfirmed(_) | PublishError::Lost(_) => {
            anyhow::Error::new(error).context("the event may not have been published")
        }
    })
}
