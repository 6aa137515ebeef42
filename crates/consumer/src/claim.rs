//! Step 2: claim the request, so that no two workers act on it.

use std::time::Duration;

use rules::Delays;

use crate::{
    failpoint,
    ledger::{Claim, Claimed, Known, LastCommand},
    line::{Line, Unstored, dice},
    pursuit::Pursuit,
    worker::Worker,
};

/// Looks again at a request that somebody else acts on.
const POLLS: Delays = Delays { base: Duration::from_millis(40), cap: Duration::from_millis(500) };

/// What a claim came to.
pub(crate) enum Hold {
    /// The request has its outcome.
    Known(Box<Known>),
    /// It is ours; with `announced`, a command counts as written from now on.
    Ours { claimed: Claimed, announced: bool },
}

/// Claims the request, or waits until whoever acts on it is done with it.
///
/// Where everything for a command is at hand, the claim announces it: the ledger then counts it
/// as written, and one round trip is all there is before the command.
pub(crate) async fn claim(
    worker: &Worker,
    line: &Line,
    pursuit: &mut Pursuit,
) -> Result<Hold, Unstored> {
    let mut polls = 0;
    loop {
        let announced = pursuit.waiting().is_zero() && is_ready(worker, pursuit);
        pursuit.owner.next_round();
        let ask = || {
            let news = pursuit.news();
            worker.ledger.claim(pursuit.reference(), &pursuit.owner, announced, news)
        };
        match line.insist(ask).await? {
            // Whoever found it out is about to make its dead letter; should he die, it is for us.
            Claim::Known(known) if known.held && known.needs_dead_letter() => {
                polls += 1;
                line.wait(POLLS.wait(polls, 0.5 + dice() / 2.0)).await?;
            }
            Claim::Known(known) => return Ok(Hold::Known(known)),
            Claim::Claimed(claimed) => {
                pursuit.last = LastCommand::Standing;
                failpoint::reach("after-claim");
                return Ok(Hold::Ours { claimed, announced });
            }
            Claim::Busy(left) => {
                pursuit.last = LastCommand::Standing;
                polls += 1;
                line.wait(POLLS.wait(polls, 0.5 + dice() / 2.0).min(left)).await?;
            }
        }
    }
}

/// Whether a command could leave right after the claim. Until the decision has named the lock,
/// the likeliest one stands for it.
fn is_ready(worker: &Worker, pursuit: &Pursuit) -> bool {
    let request = &pursuit.request.data;
    let Some(integration) = worker.directory.get(&request.integration_id) else { return false };
    let rules = &integration.rules;
    let likely = || match &request.object_id {
        Some(object) => rules.lock_of(object),
        None => rules.default_lock.or_else(|| rules.locks.values().next().copied()),
    };
    pursuit.lock.or_else(likely).is_some_and(|lock| integration.site.ready(lock).is_some())
}
