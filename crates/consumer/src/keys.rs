//! The names of postern's records in Redis.

use std::fmt::Write as _;

use uuid::Uuid;

/// Makes keys below one prefix.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// The ledger's record of a request.
    pub(crate) fn request(&self, request: Uuid) -> String {
        format!("{}request:{request}", self.prefix)
    }

    /// The newest state of a booking.
    pub(crate) fn booking(&self, integration_id: &str, booking_id: &str) -> String {
        format!("{}booking:{}:{}", self.prefix, part(integration_id), part(booking_id))
    }

    /// The pattern of all bookings' keys, for `SCAN`.
    pub(crate) fn bookings(&self) -> String {
        format!("{}booking:*", literally(&self.prefix))
    }

    /// The pattern of all requests' keys, for `SCAN`.
    pub(crate) fn requests(&self) -> String {
        format!("{}request:*", literally(&self.prefix))
    }

    /// The integration and the booking of a key of [`Self::booking`].
    pub(crate) fn read_booking(&self, key: &str) -> Option<(String, String)> {
        let (integration, booking) =
            key.strip_prefix(&self.prefix)?.strip_prefix("booking:")?.split_once(':')?;
        Some((whole(integration)?, whole(booking)?))
    }

    /// The mark of a booking's first opening.
    pub(crate) fn check_in(&self, integration_id: &str, booking_id: &str) -> String {
        format!("{}check-in:{}:{}", self.prefix, part(integration_id), part(booking_id))
    }

    /// The same of a rehearsal.
    pub(crate) fn rehearsed_check_in(&self, integration_id: &str, booking_id: &str) -> String {
        let (integration, booking) = (part(integration_id), part(booking_id));
        format!("{}rehearsed-check-in:{integration}:{booking}", self.prefix)
    }

    /// Held while Salto wants no calls for an integration.
    pub(crate) fn pause(&self, integration_id: &str) -> String {
        format!("{}pause:{}", self.prefix, part(integration_id))
    }

    /// By IQ: the one-time passwords rejected in a row, and until when it is left alone.
    pub(crate) fn guard(&self, integration_id: &str) -> String {
        format!("{}guard:{}", self.prefix, part(integration_id))
    }

    /// Held while a person has Salto look at one-time passwords for the IQ.
    pub(crate) fn turn(&self, integration_id: &str, iq_id: &str) -> String {
        format!("{}turn:{}:{}", self.prefix, part(integration_id), part(iq_id))
    }

    /// By IQ: the trouble that the booking system was told of last.
    pub(crate) fn told(&self, integration_id: &str) -> String {
        format!("{}told:{}", self.prefix, part(integration_id))
    }

    /// By IQ: the last thing that went wrong there.
    pub(crate) fn trouble(&self, integration_id: &str) -> String {
        format!("{}trouble:{}", self.prefix, part(integration_id))
    }

    /// The integration's commands on their way to Salto.
    pub(crate) fn in_flight(&self, integration_id: &str) -> String {
        format!("{}in-flight:{}", self.prefix, part(integration_id))
    }

    /// Held while somebody has looked at the integration's IQs not long ago.
    pub(crate) fn looked_at(&self, integration_id: &str) -> String {
        format!("{}looked-at:{}", self.prefix, part(integration_id))
    }

    /// The events about IQs that are to be published.
    pub(crate) fn attention(&self) -> String {
        format!("{}attention", self.prefix)
    }

    /// The audit's stream.
    pub(crate) fn audit(&self) -> String {
        format!("{}audit", self.prefix)
    }

    /// Held while a worker lives.
    pub(crate) fn worker(&self, worker: Uuid) -> String {
        format!("{}worker:{worker}", self.prefix)
    }
}

/// An id as part of a key: without `:`, so that no two pairs of ids share a key.
fn part(id: &str) -> String {
    let mut part = String::with_capacity(id.len());
    for character in id.chars() {
        if matches!(character, ':' | '%') || character.is_ascii_control() || character == ' ' {
            // Writing to a String cannot fail.
            let _ = write!(part, "%{:02X}", u32::from(character));
        } else {
            part.push(character);
        }
    }
    part
}

/// An id from its part of a key.
fn whole(part: &str) -> Option<String> {
    let mut whole = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        let (code, after) = after.split_at_checked(2)?;
        whole.push_str(before);
        whole.push(char::from(u8::from_str_radix(code, 16).ok()?));
        rest = after;
    }
    whole.push_str(rest);
    Some(whole)
}

/// A text as a pattern that it alone matches.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_colons_do_not_share_keys() {
        let keys = Keys::new("postern:");
        assert_eq!(keys.booking("acme", "B-1"), "postern:booking:acme:B-1");
        assert_ne!(keys.booking("a:b", "c"), keys.booking("a", "b:c"));
        assert_ne!(keys.booking("a%3A", "c"), keys.booking("a:", "c"));
    }

    #[test]
    fn a_booking_s_key_leads_back() {
        let keys = Keys::new("p[1]*:");
        for (integration, booking) in [("acme", "B-1"), ("a:b", "100%: c\n"), ("é%3A", "")] {
            let key = keys.booking(integration, booking);
            assert_eq!(keys.read_booking(&key), Some((integration.into(), booking.into())));
        }
        assert_eq!(keys.read_booking("other:booking:a:b"), None);
        assert_eq!(keys.bookings(), "p\\[1\\]\\*:booking:*");
    }
}
