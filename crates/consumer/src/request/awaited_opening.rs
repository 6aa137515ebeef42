//! The opening that is recorded with its outcome to be confirmed by Salto's own record.

use chrono::{DateTime, Utc};
use events::Outbound;

use super::request_state::RequestState;
use crate::{
    settings::ConfirmOpenings,
    state::{
        confirmations::{AwaitedOpening, CommandTimes},
        ledger::Claim,
        store::RecordError,
    },
    worker::Worker,
};

/// The opening of a terminal event, where the integration confirms openings. `sent_at`: when the command was
/// sent that opened the door.
pub(super) fn awaited_opening(
    worker: &Worker,
    state: &RequestState,
    claim: &Claim,
    terminal: &Outbound,
    sent_at: Option<DateTime<Utc>>,
) -> Result<Option<AwaitedOpening>, RecordError> {
    let integration = worker.integrations.get(state.integration_id());
    match (sent_at, integration.map(|it| it.confirm_openings)) {
        (None, _) | (_, None | Some(ConfirmOpenings::Off)) => Ok(None),
        // A rehearsal opens no door.
        _ if state.rehearsal => Ok(None),
        (Some(sent_at), Some(ConfirmOpenings::Stream | ConfirmOpenings::Entries)) => {
            let first_sent_at = first_sent_at(claim, sent_at);
            AwaitedOpening::of(state.key().key, terminal, CommandTimes { first_sent_at, sent_at })
        }
    }
}

/// A command in doubt may have opened the door too.
fn first_sent_at(claim: &Claim, sent_at: DateTime<Utc>) -> DateTime<Utc> {
    match claim.doubt.commands {
        0 => sent_at,
        _ => (Utc::now() - claim.in_doubt_for()).min(sent_at),
    }
}
