//! Waiting without holding a place: the message goes into a retry queue, and comes back.

use std::time::Duration;

use lapin::Acker;
use publisher::{Message, ReceivedMessage};

use crate::{
    failpoint,
    line::{Line, Unstored},
    metrics,
    pursuit::{Pursuit, Until},
    worker::Worker,
};

/// Parks a request: its claim is given back, so that whoever takes it next finds it free; and only
/// once the broker has confirmed the parked message is the one at hand settled. Killed in between,
/// two copies go on, of which one acts at a time.
pub(crate) async fn park(
    worker: &Worker,
    line: &Line,
    (arrival, acker): (&ReceivedMessage, &Acker),
    pursuit: &Pursuit,
    (wait, until): (Duration, Until),
) -> Result<(), Unstored> {
    line.insist(|| worker.release(pursuit)).await?;
    failpoint::reach("before-park");
    line.put(&Message::parked(arrival, wait)).await?;
    failpoint::reach("after-park");
    line.acknowledge(acker).await?;
    metrics::parked(&pursuit.request, wait, until);
    Ok(())
}
