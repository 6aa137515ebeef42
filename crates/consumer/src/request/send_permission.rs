//! When a command may leave.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rules::Opening;
use salto::SendPermission;

use super::request_state::RequestState;
use crate::{state::ledger::Claim, worker::Worker};

/// How long before a command's bytes leave the state that it rests on was read, at most (docs/contract.md,
/// invariant 2).
const FRESH: Duration = Duration::from_millis(300);

/// When the command that a claim reserved may leave: before its deadline, and while the state that the claim
/// has read is fresh.
pub(super) fn send_permission(
    worker: &Worker,
    state: &RequestState,
    claim: &Claim,
    opening: &Opening,
) -> SendPermission {
    let send_before = send_deadline(worker, state, claim, opening);
    SendPermission { send_before, fresh_until: claim.asked_at + FRESH }
}

/// The earliest of: the request's expiry, the end of the booking's window, the end of the claim, and, for
/// a command in doubt, the end of the resend window. A process can be suspended for any time between its
/// claim and its command.
fn send_deadline(
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
