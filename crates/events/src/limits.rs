//! Limits of events. Sizes are in bytes of UTF-8, bounds included. All are decisions: wide enough for
//! every known booking system, and narrow enough to bound memory and time.

use std::time::Duration;

/// A message body. A larger one is `malformed` and is not read.
pub const BODY: usize = 1024 * 1024;

/// An integration id. It ends the routing key of every answer, and a routing key has at most 255 bytes.
pub const INTEGRATION_ID: usize = 200;

/// Every other id, a booking's status, and `requested_by`.
pub const ID: usize = 256;

/// An event's `source`.
pub const SOURCE: usize = 1024;

/// The objects of one booking.
pub const OBJECTS: usize = 1000;

/// The highest revision of a booking, 2⁶³−1.
pub const REVISION: u64 = i64::MAX as u64;

/// Deliveries of a message that were not settled, over all its stays in its queue. What exceeds them is a
/// dead letter: the message ends its worker.
pub const DELIVERIES: u32 = 100;

/// The maximum by which an event's `time` may be ahead of the worker's clock.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(5 * 60);

/// The maximum time from a request's `time` to its expiry, whatever the request names.
pub const REQUEST_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The maximum time from now to the end of a booking: Redis keeps it for that long.
pub const BOOKING_AHEAD: Duration = Duration::from_secs(400 * 24 * 3_600);
