//! No queue takes the neighbour's answers: RabbitMQ returns them.

use super::super::neighbour;
use super::super::trouble_phase::TroublePhase;

/// Requests of the neighbour for each healthy one. Each of them returns every few seconds.
const TIMES: f64 = 4.0;

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    neighbour::book(phase).await;
    phase.trouble_begins().await;
    phase.receive_healthy_events_alone().await;
    neighbour::request(phase, &phase.doors(), TIMES * phase.rate).await;
}
