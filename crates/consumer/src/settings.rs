//! The settings of a worker: the configuration, read and checked by the caller.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use events::{Event, InboundData, RefusedMessage};
use publisher::{BrokerNodes, ReceivedMessage};
use redis_pool::RedisServer;
use salto::{Account, Environment};

use crate::secret_keys::SecretKeys;

/// The settings of a worker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// RabbitMQ.
    pub broker: BrokerSettings,
    /// Redis.
    pub redis: RedisSettings,
    /// Encrypt tokens, IQ secrets and PINs at rest.
    pub secrets: SecretKeys,
    /// How requests are handled.
    pub opening: OpeningSettings,
    /// How long records are kept.
    pub retention: RetentionSettings,
    /// Where the audit's lines go.
    pub audit: AuditSink,
    /// Where `/livez`, `/readyz` and `/metrics` are served.
    pub http_listen: SocketAddr,
    /// Salto's environments by name.
    pub environments: BTreeMap<String, Arc<Environment>>,
    /// The integrations, with distinct ids.
    pub integrations: Vec<IntegrationSettings>,
}

/// RabbitMQ.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    /// Its nodes: the URL of one, or of each node of a cluster.
    pub nodes: BrokerNodes,
    /// Unacknowledged messages per replica and queue.
    pub prefetch: u16,
    /// Which routing keys messages may have.
    pub routing: Routing,
}

/// Which routing keys messages may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// Any that is bound to the queue.
    Any,
    /// The one that names the event's integration.
    Strict,
}

impl Routing {
    /// Checks the routing key with which the event first arrived.
    ///
    /// # Errors
    ///
    /// Where the event may not have that key.
    pub fn check<T: InboundData>(
        self,
        event: &Event<T>,
        message: &ReceivedMessage,
    ) -> Result<(), RefusedMessage> {
        match self {
            Self::Any => Ok(()),
            Self::Strict => event.check_routing_key(&message.first_routing_key()),
        }
    }
}

/// Redis.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Where it is.
    pub server: RedisServer,
    /// Replicas that must have the reservation of a command before the command leaves, and the status of a booking
    /// before it is acknowledged.
    pub wait_for_replicas: u16,
    /// Before every key, such as `postern:`.
    pub key_prefix: String,
}

/// How requests are handled.
#[derive(Debug, Clone, Copy)]
pub struct OpeningSettings {
    /// A request without `expires_at` expires this long after its `time`; at most 10 minutes.
    pub request_ttl: Duration,
    /// How long to wait for the status of an unknown booking.
    pub booking_wait: Duration,
    /// How long a command to Salto may take.
    pub command_timeout: Duration,
    /// For how long after the first sending a command with an unknown outcome may be repeated.
    pub resend_window: Duration,
    /// Commands in flight to one IQ, over all workers; at least 1.
    pub in_flight_per_iq: u32,
    /// Commands in flight for one integration, over all workers; at least 1.
    pub in_flight_per_integration: u32,
}

/// How long records are kept.
#[derive(Debug, Clone, Copy)]
pub struct RetentionSettings {
    /// Outcomes, after the request's expiry.
    pub outcomes: Duration,
    /// Bookings and check-in marks, after the booking's end.
    pub bookings: Duration,
    /// Lines of the audit, after their decision; in Redis and in files.
    pub audit: Duration,
}

/// Where the audit's lines go, one per decided request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditSink {
    /// Into a stream in Redis.
    Redis,
    /// Into a file per day in this directory.
    Directory(PathBuf),
    /// To standard output.
    Stdout,
    /// Nowhere.
    Off,
}

/// What is done where the rules allow a door to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The door is opened.
    Live,
    /// No door opens: everything else is done, and the result is published as a rehearsal.
    Rehearsal(Rehearsal),
}

/// What replaces the command in a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Salto checks the one-time password, and no door opens.
    Probe,
    /// Nothing is sent to Salto.
    Nothing,
}

impl Mode {
    /// Whether no door opens.
    #[must_use]
    pub const fn rehearses(self) -> bool {
        match self {
            Self::Live => false,
            Self::Rehearsal(Rehearsal::Probe | Rehearsal::Nothing) => true,
        }
    }
}

/// How openings are confirmed by Salto's own record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmOpenings {
    /// They are not.
    Off,
    /// By Salto's event stream, and by the log of entries for what the stream has missed.
    Stream,
    /// By Salto's log of entries, asked afterwards.
    Entries,
}

impl ConfirmOpenings {
    /// All values.
    pub const ALL: [Self; 3] = [Self::Off, Self::Stream, Self::Entries];

    /// The value in the configuration.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Stream => "stream",
            Self::Entries => "entries",
        }
    }
}

/// One integration.
#[derive(Debug, Clone)]
pub struct IntegrationSettings {
    /// What the rules need of it.
    pub rules: rules::IntegrationRules,
    /// Whether it opens doors or rehearses.
    pub mode: Mode,
    /// The name of its environment, one of [`Settings::environments`].
    pub environment: String,
    /// Whether Salto's log of entries is asked after a command that was not answered.
    pub ask_entries: bool,
    /// How long before its start a booking at risk is reported (`booking.at-risk.v1`); zero where none is.
    pub warn_before: Duration,
    /// How its openings are confirmed.
    pub confirm_openings: ConfirmOpenings,
    /// Its account at Salto.
    pub account: Account,
    /// The version of its document, where it is stored in Redis; none of the file.
    pub stored_version: Option<u64>,
}

/// How long the claim on a request lasts, for a given `opening.command_timeout`. It must be shorter than
/// `opening.request_ttl`.
#[must_use]
pub fn claim_lease(command_timeout: Duration) -> Duration {
    command_timeout.saturating_add(Duration::from_secs(5))
}
