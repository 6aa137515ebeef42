//! The neighbour has many times the load of the healthy integration.

use super::super::neighbour;
use super::super::trouble_phase::TroublePhase;

const TIMES: f64 = 50.0;

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    neighbour::book(phase).await;
    phase.trouble_begins().await;
    neighbour::request(phase, &phase.doors(), TIMES * phase.rate).await;
}
