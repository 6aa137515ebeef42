//! The newest known states of a booking: one, or several that are tied.

use chrono::{DateTime, Utc};

use crate::Booking;

/// The newest known states of a booking (`docs/contract.md`, Order of a booking's events).
///
/// Usually there is one. States that have the same version and differ are *tied*: a door opens only
/// where each of them allows it. They are kept in an order of their own, so that no answer depends on
/// the order of their arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingStates {
    /// At least one; sorted, and each once.
    states: Vec<Booking>,
    complete: bool,
}

impl From<Booking> for BookingStates {
    fn from(state: Booking) -> Self {
        Self { states: vec![state], complete: true }
    }
}

impl BookingStates {
    /// Tied states kept for a booking. Where there are more, no door of the booking opens: what
    /// the others say is not known.
    pub const MAX: usize = 8;

    /// One state with those that are tied with it. `complete`: no other tied state was left out.
    #[must_use]
    pub fn tied(first: Booking, others: impl IntoIterator<Item = Booking>, complete: bool) -> Self {
        let mut states: Vec<Booking> = std::iter::once(first).chain(others).collect();
        states.sort();
        states.dedup();
        Self { states, complete }
    }

    /// All states that are known; at least one.
    #[must_use]
    pub fn all(&self) -> &[Booking] {
        &self.states
    }

    /// Whether several states are equally new.
    #[must_use]
    pub fn is_tied(&self) -> bool {
        self.states.len() > 1
    }

    /// Whether no tied state was left out.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The beginning of the booked time; the first one where the states differ.
    #[must_use]
    pub fn first_start(&self) -> DateTime<Utc> {
        self.states
            .iter()
            .map(|state| state.starts_at)
            .fold(DateTime::<Utc>::MAX_UTC, DateTime::min)
    }

    /// What `read` gives for every state; none where the states differ in it.
    #[must_use]
    pub fn agreed<'a, T: PartialEq>(&'a self, read: impl Fn(&'a Booking) -> T) -> Option<T> {
        let mut values = self.states.iter().map(read);
        let first = values.next()?;
        values.all(|other| other == first).then_some(first)
    }

    /// The objects that belong to every state.
    #[must_use]
    pub fn shared_objects(&self) -> Vec<String> {
        let [first, others @ ..] = self.states.as_slice() else { return Vec::new() };
        let shared =
            |object: &&String| others.iter().all(|other| other.object_ids.contains(*object));
        first.object_ids.iter().filter(shared).cloned().collect()
    }

    /// The only object of the booking: every state has this one and no other.
    #[must_use]
    pub fn only_object(&self) -> Option<&str> {
        self.agreed(Booking::only_object).flatten()
    }
}
