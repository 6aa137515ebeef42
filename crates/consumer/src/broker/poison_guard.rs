//! The poison guard: messages that are delivered again and again, one of which may kill its worker.
//!
//! The broker counts deliveries, also those of messages that were only prefetched beside a poison
//! message. So suspects are handled one at a time, and a suspect that comes out of a dead worker's hands is
//! parked first: beside a poison message that kills its worker again, the others are in a retry queue, where
//! nothing counts for them. A parked message begins a new count at the broker, so its sum has a limit here.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use events::{RefusedMessage, limits};
use publisher::ReceivedMessage;

use super::{
    dead_letter::{self, Disposal},
    delivery::Delivery,
    park::park,
    session_handle::SessionHandle,
    wait_reason::WaitReason,
};
use crate::{jitter::jitter, operator::settled};

/// A message with this many deliveries is a suspect.
const SUSPECT: u32 = 5;

/// How long a suspect is parked: longer, the longer the guard has been busy, and for a random part of that,
/// so that suspects that arrive together do not return together.
const PARKED: (Duration, Duration) = (Duration::from_millis(1_250), Duration::from_secs(8));

/// Admits suspects one at a time.
#[derive(Debug, Default)]
pub(crate) struct PoisonGuard {
    /// Since when a suspect is being handled.
    busy_since: Mutex<Option<Instant>>,
}

/// A message was admitted: a suspect for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    guard: Option<&'a PoisonGuard>,
}

/// What a message may do.
#[derive(Debug)]
enum Admission<'a> {
    Handle(Admitted<'a>),
    Park(Duration),
    /// It was delivered too often.
    Refuse(RefusedMessage),
}

impl PoisonGuard {
    /// Admits a delivery: at once where it is no suspect, else alone. None where it is settled without being
    /// handled.
    pub(crate) async fn admit(
        &self,
        session: &SessionHandle,
        delivery: &Delivery,
        received_at: Instant,
    ) -> Option<Admitted<'_>> {
        match self.admission(&delivery.message) {
            Admission::Handle(admitted) => Some(admitted),
            Admission::Park(wait) => {
                // Where it cannot be parked, its session has ended.
                let _ = park(session, delivery, wait, WaitReason::PoisonGuard).await;
                None
            }
            Admission::Refuse(refused) => {
                if dead_letter::refused(session, delivery, &refused).await
                    == Ok(Disposal::DeadLetter)
                {
                    settled::refused(delivery.queue, &refused, received_at);
                }
                None
            }
        }
    }

    fn admission(&self, message: &ReceivedMessage) -> Admission<'_> {
        let deliveries = message.deliveries();
        // Parking a message whose body was left out would lose the body; such a one is refused at once.
        if deliveries < SUSPECT || message.body_left_out().is_some() {
            return Admission::Handle(Admitted { guard: None });
        }
        tracing::debug!(deliveries, "poison suspect");
        if deliveries > limits::DELIVERIES {
            return Admission::Refuse(RefusedMessage::delivered_too_often(deliveries));
        }
        let mut busy_since = self.busy_since();
        let busy_for = busy_since.map(|since| since.elapsed());
        if busy_for.is_some() || message.was_delivered_in_this_stay() {
            let wait = busy_for.unwrap_or_default().clamp(PARKED.0, PARKED.1);
            return Admission::Park(wait.mul_f64(jitter()));
        }
        *busy_since = Some(Instant::now());
        Admission::Handle(Admitted { guard: Some(self) })
    }

    fn busy_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.busy_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(guard) = self.guard {
            *guard.busy_since() = None;
        }
    }
}
