//! Step 1: from bytes to an open request, or to a dead letter.

use std::time::Duration;

use chrono::Utc;
use events::DecodeError;

use super::request_state::RequestState;
use crate::{broker::delivery::Delivery, failpoint, state::ledger};

/// Reads an open request.
pub(super) fn decode(
    delivery: &Delivery,
    request_ttl: Duration,
) -> Result<RequestState, DecodeError> {
    let request = events::decode_open_request(&delivery.message.body, Utc::now())?;
    failpoint::reach_with("after-decode", &request.id);
    let mut state = RequestState::new(request, delivery.redelivered, request_ttl);
    let message = &delivery.message;
    state.perhaps_copied |= message.was_parked_or_replayed();
    state.answer = message.answer().and_then(|answer| ledger::read_event(answer.as_bytes()).ok());
    Ok(state)
}
