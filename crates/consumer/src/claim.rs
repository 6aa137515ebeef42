//! Step 2: claim the request, so that no two workers act on it.

use std::time::Duration;

use rules::Delays;
use salto::PreparedLock;

use crate::{
    directory::Integration,
    failpoint,
    ledger::{Announced, Claim, Claimed, Known, LastCommand, Prospect},
    line::{LetGo, Line, Unstored, dice},
    pursuit::Pursuit,
    settings::{Mode, Rehearsal},
    turns::{NoSeat, Seat},
    worker::Worker,
};

/// Looks again at a request that somebody else acts on.
const POLLS: Delays = Delays { base: Duration::from_millis(40), cap: Duration::from_millis(500) };

/// A mapping of more locks is not searched at every request.
const MANY_LOCKS: usize = 64;

/// How long a copy of a request that somebody else acts on stays away.
const ELSEWHERE: Duration = Duration::from_secs(1);

/// What a claim came to.
pub(crate) enum Hold {
    /// The request has its outcome.
    Known(Box<Known>),
    /// It is ours.
    Ours(Box<Held>),
    /// Somebody else acts on it: look again after this.
    Elsewhere(Duration),
}

/// A claimed request, and the turn it has.
pub(crate) struct Held {
    pub(crate) claimed: Box<Claimed>,
    /// What a command needs, as it was at hand before the claim; its IQ's state was loaded with it.
    pub(crate) prepared: Option<PreparedLock>,
    /// Whether others crowd the IQ, here.
    crowded: bool,
    /// Until this is dropped, it is this request's turn at the IQ.
    _seat: Option<Seat>,
}

impl Held {
    /// How long to keep away, where only a turn is missing: others crowd the IQ, here or at other
    /// workers.
    pub(crate) fn crowded(&self, worker: &Worker, pursuit: &Pursuit) -> Option<Duration> {
        let prepared = self.prepared.as_ref()?;
        if !self.crowded && self.claimed.announced != Announced::Full {
            return None;
        }
        let place = (pursuit.request.data.integration_id.as_str(), prepared.iq_id.as_str());
        Some(worker.turns.away(place, self.claimed.waited()))
    }
}

/// Claims the request, or waits a little until whoever acts on it is done with it.
///
/// Where everything for a command is at hand, the claim announces it: the ledger then counts it
/// as written, and one round trip is all there is before the command.
pub(crate) async fn claim(
    worker: &Worker,
    line: &Line,
    pursuit: &mut Pursuit,
) -> Result<Hold, Unstored> {
    let integration = worker.directory.get(&pursuit.request.data.integration_id);
    let mode = integration.as_ref().map_or(Mode::Live, |integration| integration.mode);
    let prepared = integration.and_then(|integration| at_hand(&integration, pursuit));
    let (mut seat, mut crowded) = (None, false);
    if let Some(prepared) = &prepared
        && pursuit.waiting().is_zero()
        && mode != Mode::Rehearsal(Rehearsal::Nothing)
    {
        let place = (pursuit.request.data.integration_id.as_str(), prepared.iq_id.as_str());
        match worker.turns.take(line, place).await {
            Ok(taken) => seat = Some(taken),
            Err(NoSeat::Crowded) => crowded = true,
            Err(NoSeat::LetGo) => return Err(LetGo.into()),
        }
    }
    let mut polls = 0;
    loop {
        let iq_id = prepared.as_ref().map(|prepared| prepared.iq_id.as_str());
        let rehearsal = mode.rehearses();
        let prospect = Prospect { iq_id, at_once: seat.is_some(), rehearsal };
        pursuit.owner.next_round();
        let ask = || {
            let news = pursuit.news();
            worker.ledger.claim(pursuit.reference(), &pursuit.owner, prospect, news)
        };
        let left = match line.insist(ask).await? {
            // Whoever found it out is about to finish it; should he die, it is for us.
            Claim::Known(known) if known.held && known.is_unfinished() => ELSEWHERE,
            Claim::Known(known) => return Ok(Hold::Known(known)),
            Claim::Claimed(claimed) => {
                pursuit.last = LastCommand::Standing;
                failpoint::reach("after-claim");
                let held = Held { claimed, prepared, crowded, _seat: seat };
                return Ok(Hold::Ours(Box::new(held)));
            }
            Claim::Busy(left) => left,
        };
        pursuit.last = LastCommand::Standing;
        // Others may have the turn meanwhile.
        seat = None;
        polls += 1;
        let wait = POLLS.wait(polls, 0.5 + dice() / 2.0).min(left);
        // What the broker took back from a dead worker is ours soon; a copy of it would not be.
        if !pursuit.owner.is_redelivered() && !pursuit.may_wait_in_place(line, wait) {
            return Ok(Hold::Elsewhere(left.min(ELSEWHERE)));
        }
        line.wait(wait).await?;
        pursuit.waited += wait;
    }
}

/// What a command needs, if all of it is at hand and there is no doubt about the IQ: waiting for the
/// turn at another one would be in vain.
fn at_hand(integration: &Integration, pursuit: &Pursuit) -> Option<PreparedLock> {
    let request = &pursuit.request.data;
    let (rules, site) = (&integration.rules, &integration.site);
    let named = || request.object_id.as_deref().and_then(|object| rules.lock_of(object));
    if let Some(lock) = pursuit.lock.or_else(named) {
        return site.ready(lock);
    }
    // The booking will tell the object; where all doors are behind one IQ, any of them will do.
    if rules.locks.len() > MANY_LOCKS {
        return None;
    }
    let locks = rules.default_lock.iter().chain(rules.locks.values());
    site.ready_behind_one_iq(locks.copied())
}
