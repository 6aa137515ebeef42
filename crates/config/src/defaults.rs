//! The values of settings that are not in the file.

use std::time::Duration;

use consumer::{ConfirmOpenings, Mode, Rehearsal};

pub(super) const BROKER_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";
pub(super) const PREFETCH: u16 = 64;

pub(super) const REDIS_URL: &str = "redis://127.0.0.1:6379/0";
pub(super) const DATABASE: u16 = 0;
pub(super) const WAIT_FOR_REPLICAS: u16 = 0;
pub(super) const WAIT_FOR_REPLICAS_WITH_SENTINELS: u16 = 1;
pub(super) const KEY_PREFIX: &str = "postern:";

pub(super) const REQUEST_TTL: Duration = Duration::from_secs(60);
pub(super) const BOOKING_WAIT: Duration = Duration::from_secs(5);
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const RESEND_WINDOW: Duration = Duration::from_secs(5);
pub(super) const IN_FLIGHT_PER_IQ: u32 = 4;
pub(super) const IN_FLIGHT_PER_INTEGRATION: u32 = 16;

pub(super) const RETAIN_OUTCOMES: Duration = Duration::from_secs(24 * 3600);
pub(super) const RETAIN_BOOKINGS: Duration = Duration::from_secs(24 * 3600);
pub(super) const RETAIN_AUDIT: Duration = Duration::from_secs(30 * 24 * 3600);

pub(super) const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 9464);
pub(super) const CONSOLE_LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 9465);

pub(super) const ACTIVE: bool = true;
pub(super) const MODE: Mode = Mode::Live;
pub(super) const REHEARSAL: Rehearsal = Rehearsal::Probe;
pub(super) const ASK_ENTRIES: bool = true;
pub(super) const WARN_BEFORE: Duration = Duration::from_secs(3600);
pub(super) const CONFIRM_OPENINGS: ConfirmOpenings = ConfirmOpenings::Off;
pub(super) const MINUTES_BEFORE: u32 = 0;
pub(super) const MINUTES_AFTER: u32 = 0;
