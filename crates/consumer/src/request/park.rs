//! Parking: a request that waits for longer than it may keep its place goes into a retry queue, and is
//! delivered again.

use std::time::Duration;

use publisher::Message;

use super::{context::Context, request_state::RequestState, wait_reason::WaitReason};
use crate::{
    broker::{delivery::Delivery, session_handle::Unstored},
    failpoint,
    operator::settled,
};

/// Parks a request. Its claim is released first, so that the next owner can claim it; and the delivery is
/// acknowledged only after the broker has confirmed the parked message. A worker that is killed in between
/// leaves two copies, of which one acts at a time.
pub(super) async fn park(
    context: Context<'_>,
    delivery: &Delivery,
    state: &RequestState,
    wait: Duration,
    reason: WaitReason,
) -> Result<(), Unstored> {
    let Context { worker, session } = context;
    let release = || {
        worker.ledger.release(state.key(), &state.owner, state.last_result(), state.resumption())
    };
    session.retry_until_stopped(release).await?;
    failpoint::reach("before-park");
    session.enqueue(Message::parked(&delivery.message, wait)).await?;
    failpoint::reach("after-park");
    session.acknowledge(&delivery.acker).await?;
    settled::parked(wait, reason.as_str());
    Ok(())
}
