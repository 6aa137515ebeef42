//! Parking a delivery: its message waits in a retry queue, without a place in a worker.

use std::time::Duration;

use publisher::Message;

use super::{
    delivery::Delivery,
    session_handle::{Abandoned, SessionHandle},
    wait_reason::WaitReason,
};
use crate::{failpoint, operator::settled};

/// Parks a delivery. It is acknowledged only after the broker has confirmed the parked message: a worker
/// that is killed in between leaves two copies.
pub(crate) async fn park(
    session: &SessionHandle,
    delivery: &Delivery,
    wait: Duration,
    reason: WaitReason,
) -> Result<(), Abandoned> {
    let parked = Message::parked(&delivery.message, wait);
    enqueue(session, delivery, parked, wait, reason).await
}

/// Parks a delivery whose record in Redis could not be used, and counts that in its message.
pub(crate) async fn park_after_record_failure(
    session: &SessionHandle,
    delivery: &Delivery,
    wait: Duration,
) -> Result<(), Abandoned> {
    let parked = Message::parked_after_record_failure(&delivery.message, wait);
    enqueue(session, delivery, parked, wait, WaitReason::Record).await
}

async fn enqueue(
    session: &SessionHandle,
    delivery: &Delivery,
    parked: Message,
    wait: Duration,
    reason: WaitReason,
) -> Result<(), Abandoned> {
    failpoint::reach("before-park");
    session.enqueue(parked).await?;
    failpoint::reach("after-park");
    session.acknowledge(&delivery.acker).await?;
    settled::parked(publisher::retry_delay(delivery.queue, wait), reason.as_str());
    Ok(())
}
