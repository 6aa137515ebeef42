//! The instant by which a command must have left.

use std::time::Instant;

use chrono::{DateTime, Utc};
use rules::Opening;

use super::request_state::RequestState;
use crate::{state::ledger::Claim, worker::Worker};

/// The earliest of: the request's expiry, the end of the booking's window, the end of the claim, and, for
/// a command in doubt, the end of the resend window. A process can be suspended for any time between its
/// claim and its command.
pub(super) fn send_deadline(
    worker: &Worker,
    state: &RequestState,
    claim: &Claim,
    opening: &Opening,
) -> DateTime<Utc> {
    let mut until = worker.ledger.claim_valid_until(claim);
    if claim.doubt.commands > 0 {
        let left = worker.resend.window.saturating_sub(claim.doubt.since_first);
        until = until.min(claim.asked_at + left);
    }
    // In this order, a suspension between the two clocks makes the deadline earlier, never later.
    let now = Utc::now();
    let until = now + until.saturating_duration_since(Instant::now());
    until.min(opening.window.closes_at).min(state.expires_at)
}
