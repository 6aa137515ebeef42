//! Parking: a request that waits for longer than it may keep its place goes into a retry queue, and is
//! delivered again.

use std::time::Duration;

use super::{context::Context, request_state::RequestState};
use crate::broker::{
    delivery::Delivery, park as parking, session_handle::Unstored, wait_reason::WaitReason,
};

/// Parks a request. Its claim is released first, so that the next owner can claim it. A worker that is
/// killed in between leaves two copies, of which one acts at a time.
pub(super) async fn park(
    context: Context<'_>,
    delivery: &Delivery,
    state: &RequestState,
    wait: Duration,
    reason: WaitReason,
) -> Result<(), Unstored> {
    let Context { worker, session, .. } = context;
    let release = || {
        worker.ledger.release(state.key(), &state.owner, state.last_result(), state.resumption())
    };
    session.retry_until_stopped(release).await?;
    Ok(parking::park(session, delivery, wait, reason).await?)
}
