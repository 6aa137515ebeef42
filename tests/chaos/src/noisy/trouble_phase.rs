//! The phase of a run in which a trouble lasts, and the system that has it.

use crate::fixtures::{Door, Integration, OPENING_INTEGRATIONS, WITH_DEFAULT_LOCK};
use crate::system::SystemUnderTest;
use std::future::pending;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::time::sleep_until;

/// The integration whose requests are measured.
pub(super) const HEALTHY: &str = OPENING_INTEGRATIONS[0];
/// The integration with the trouble: at another site, with another account.
pub(super) const NEIGHBOUR: &str = WITH_DEFAULT_LOCK;

const DOORS: usize = 100;

/// The second phase of a run. A trouble prepares itself before the first one.
pub(super) struct TroublePhase<'a> {
    pub(super) system: &'a SystemUnderTest,
    /// Requests of the healthy integration per second.
    pub(super) rate: f64,
    /// How long the trouble lasts.
    pub(super) duration: Duration,
    prepared: Notify,
    begin: watch::Sender<Option<Instant>>,
}

impl<'a> TroublePhase<'a> {
    pub(super) fn new(system: &'a SystemUnderTest, rate: f64, duration: Duration) -> Self {
        let begin = watch::Sender::new(None);
        Self { system, rate, duration, prepared: Notify::new(), begin }
    }

    /// The integration that has the trouble.
    pub(super) fn neighbour(&self) -> &'a Integration {
        self.system.fixtures.integration(NEIGHBOUR)
    }

    /// The doors of the neighbour's booking.
    pub(super) fn doors(&self) -> Vec<&'a Door> {
        self.neighbour().doors.iter().take(DOORS).collect()
    }

    /// Takes the events of all integrations but the healthy one away from the queue of the harness.
    pub(super) async fn receive_healthy_events_alone(&self) {
        self.system.outbound.bind(&[&format!("#.{HEALTHY}")]).await;
    }

    /// Called by a trouble when everything is prepared. Waits until it is to begin.
    pub(super) async fn trouble_begins(&self) {
        self.prepared.notify_one();
        sleep_until(self.start_of_trouble().await.into()).await;
    }

    /// Waits until the trouble is to end.
    pub(super) async fn trouble_ends(&self) {
        sleep_until((self.start_of_trouble().await + self.duration).into()).await;
    }

    /// Waits until the trouble is prepared.
    pub(super) async fn prepared(&self) {
        self.prepared.notified().await;
    }

    /// Sets when the trouble begins.
    pub(super) fn begin_trouble_at(&self, begin: Instant) {
        self.begin.send_replace(Some(begin));
    }

    async fn start_of_trouble(&self) -> Instant {
        let mut begin = self.begin.subscribe();
        let begin = begin.wait_for(Option::is_some).await.ok().and_then(|begin| *begin);
        match begin {
            Some(begin) => begin,
            None => pending().await,
        }
    }
}
