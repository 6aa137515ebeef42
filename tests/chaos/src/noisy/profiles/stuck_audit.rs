//! The audit goes to the workers' standard output, which nothing reads any more.

use super::super::trouble_phase::TroublePhase;

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    phase.trouble_begins().await;
    phase.system.slots.iter().for_each(|slot| slot.leave_output_unread());
    phase.trouble_ends().await;
}
