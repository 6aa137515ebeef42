//! The list of the event types that postern publishes.

use rules::coded_enum;

coded_enum! {
    /// The type of an event that postern publishes; its code is the event's `type`.
    ///
    /// This is the one list: a new variant does not compile before it can be read back and has a
    /// schema, an example and an operation in the AsyncAPI document.
    pub enum OutboundType {
        /// A door opened.
        Opened = "lock.opened.v1",
        /// The first opening of a booking.
        CheckIn = "booking.check-in.v1",
        /// The rules said no.
        OpenRejected = "lock.open-rejected.v1",
        /// A door could not be opened.
        OpenFailed = "lock.open-failed.v1",
        /// Salto's own record shows an opening.
        OpenConfirmed = "lock.open-confirmed.v1",
        /// The activation of an IQ changed state.
        IqAttention = "iq.attention.v1",
        /// Something that all doors of an integration depend on changed.
        IntegrationAttention = "integration.attention.v1",
        /// A booking begins soon, and a door of it could not be opened now.
        BookingAtRisk = "booking.at-risk.v1",
    }
}

/// The prefix of the type of an event that only reports what would have happened.
pub(crate) const REHEARSAL: &str = "rehearsal.";

impl OutboundType {
    /// The event's `type` in a rehearsal.
    #[must_use]
    pub fn rehearsal(self) -> String {
        rehearsal(self.code())
    }
}

/// An event type, or the beginning of a routing key, in a rehearsal.
pub(crate) fn rehearsal(event_type: &str) -> String {
    format!("{REHEARSAL}{event_type}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{limits, names};

    #[test]
    fn the_longest_routing_key_fits_amqp() {
        for event_type in OutboundType::ALL {
            let key = event_type.rehearsal();
            assert!(names::routing_key(&key).len() + 1 + limits::INTEGRATION_ID <= 255);
        }
    }
}
