//! Step 1: from bytes to an open request, or to a dead letter.

use chrono::Utc;
use events::RefusedMessage;

use super::request_state::RequestState;
use crate::{broker::delivery::Delivery, failpoint, state::ledger, worker::Worker};

/// Reads an open request.
pub(super) fn decode(delivery: &Delivery, worker: &Worker) -> Result<RequestState, RefusedMessage> {
    delivery.require_body()?;
    let request = events::decode_open_request(delivery.message.content(), Utc::now())?;
    worker.routing.check(&request, &delivery.message)?;
    failpoint::reach_with("after-decode", &request.id);
    let mut state = RequestState::new(request, delivery.redelivered, worker.opening.request_ttl);
    let message = &delivery.message;
    state.reply_to = message.reply_to().map(str::to_owned);
    state.perhaps_copied |= message.was_parked_or_replayed();
    let answer = message.answer().and_then(|answer| ledger::read_event(answer.as_bytes()).ok());
    state.answer = answer.filter(|answer| state.is_terminal(answer));
    Ok(state)
}
