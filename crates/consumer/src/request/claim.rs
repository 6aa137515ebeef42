//! Step 2: claim the request, so that no two workers act on it.

use std::{sync::Arc, time::Duration};

use rules::Delays;
use salto::PreparedLock;

use super::{context::Context, request_state::RequestState};
use crate::{
    broker::session_handle::{Abandoned, Unstored},
    failpoint,
    integrations::{
        command_queue::{CommandPermit, CommandQueues, NoPermit},
        registry::{Integration, KnownId},
    },
    jitter::jitter,
    settings::{Mode, Rehearsal},
    state::ledger::{
        Claim, ClaimAnswer, LastCommand, PlannedCommand, RecordedOutcome, Reservation,
    },
    worker::Worker,
};

/// Waits between two looks at a request that another owner acts on.
const POLLS: Delays = Delays { base: Duration::from_millis(40), cap: Duration::from_millis(500) };

/// A mapping of more locks is not searched at every request.
const MANY_LOCKS: usize = 64;

/// How long a copy of a request that another owner acts on is parked.
const OTHER_OWNER_WAIT: Duration = Duration::from_secs(1);

/// The result of claiming.
pub(super) enum ClaimResult {
    /// The request has its outcome.
    Concluded(Box<RecordedOutcome>),
    /// This delivery may act on it.
    Claimed(Box<ClaimedRequest>),
    /// Another owner acts on it: claim again after this.
    Busy(Duration),
    /// A request about something else was given this id before; what it is about.
    Conflict(String),
}

/// A claimed request, and the permits for its command.
pub(super) struct ClaimedRequest {
    pub(super) claim: Box<Claim>,
    /// What a command needs, as it was ready before the claim; the claim loaded the state of its IQ.
    pub(super) prepared: Option<PreparedLock>,
    /// Whether the lock or the IQ has no free permit in this worker.
    is_full: bool,
    /// The permits to send a command, until this is dropped.
    permits: Option<CommandPermits>,
}

impl ClaimedRequest {
    /// The claim, and the permits that can be given back before it ends.
    pub(super) fn parts(&mut self) -> (&Claim, &mut Option<CommandPermits>) {
        (&self.claim, &mut self.permits)
    }

    /// How long to wait where only a permit is missing, in this worker or over all workers.
    pub(super) fn permit_wait(&self, worker: &Worker, state: &RequestState) -> Option<Duration> {
        let prepared = self.prepared.as_ref()?;
        if !self.is_full && self.claim.reservation != Reservation::Full {
            return None;
        }
        let (integration_id, waited) = (state.integration_id(), self.claim.waited());
        let delay = |queues: &CommandQueues, target: &str| {
            queues.retry_delay(integration_id, target, waited)
        };
        let at_lock = delay(&worker.lock_queues, &prepared.lock_id.to_string());
        Some(at_lock.max(delay(&worker.iq_queues, &prepared.iq_id)))
    }
}

/// The permits to send a command: of its lock and of its IQ.
#[derive(Debug)]
pub(super) struct CommandPermits {
    _lock: CommandPermit,
    _iq: CommandPermit,
}

/// Claims the request, or waits a little until the other owner has finished. Where the integration was changed
/// meanwhile, its settings are read again first: no claim rests on older ones (docs/contract.md, invariant 2).
pub(super) async fn claim(
    context: Context<'_>,
    state: &mut RequestState,
) -> Result<ClaimResult, Unstored> {
    let Context { worker, session, .. } = context;
    loop {
        let known = worker.integrations.lookup(state.integration_id());
        let version = known.version;
        if let Some(result) = claim_with(context, state, known).await? {
            return Ok(result);
        }
        let read = || worker.stored_integrations.refresh(&worker.integrations);
        session.retry_until_stopped(read).await?;
        if worker.integrations.lookup(state.integration_id()).version == version {
            // Redis says both: what is stored is damaged, or is changed this moment.
            return Ok(ClaimResult::Busy(OTHER_OWNER_WAIT));
        }
    }
}

/// Claims with these settings; nothing where others are stored by now.
///
/// Where everything for a command is ready, the claim reserves it: the ledger then counts it as written,
/// and the claim is the only round trip before the command.
async fn claim_with(
    context: Context<'_>,
    state: &mut RequestState,
    known: KnownId,
) -> Result<Option<ClaimResult>, Unstored> {
    let Context { worker, session, place } = context;
    let KnownId { integration, version } = known;
    let mode = integration.as_ref().map_or(Mode::Live, |integration| integration.mode);
    let clock = integration.as_ref().map(|integration| Arc::clone(&integration.clock));
    let prepared = integration.and_then(|integration| ready(&integration, state));
    let (mut permits, is_full) = acquire_permits(context, state, mode, prepared.as_ref()).await?;
    let mut polls = 0;
    loop {
        let planned = PlannedCommand {
            target: prepared.as_ref().map(Into::into),
            environment: clock.as_ref().map_or("", |clock| clock.environment()),
            follows_at_once: permits.is_some() && state.answer.is_none(),
            settings: version,
            rehearsal: mode.rehearses(),
        };
        state.owner.next_attempt();
        let ask = || worker.ledger.claim(state.key(), &state.owner, planned, state.last_result());
        let left = match session.retry_until_stopped(ask).await? {
            // The other owner is about to finish it. If that owner dies, this delivery finishes it.
            ClaimAnswer::Concluded(outcome)
                if outcome.claimed_elsewhere && outcome.is_unfinished() =>
            {
                OTHER_OWNER_WAIT
            }
            ClaimAnswer::Concluded(outcome) => return Ok(Some(ClaimResult::Concluded(outcome))),
            ClaimAnswer::Conflict(first) => return Ok(Some(ClaimResult::Conflict(first))),
            ClaimAnswer::Stale => return Ok(None),
            ClaimAnswer::Claimed(claim) => {
                granted(state, &claim, planned);
                let claimed = ClaimedRequest { claim, prepared, is_full, permits };
                return Ok(Some(ClaimResult::Claimed(Box::new(claimed))));
            }
            ClaimAnswer::Busy(left) => left,
        };
        state.last_command = LastCommand::NoneOrUnknown;
        // Other requests may use the permits meanwhile.
        permits = None;
        polls += 1;
        let wait = POLLS.wait(polls, 0.5 + jitter() / 2.0).min(left);
        // A message that the broker took back from a dead worker can be claimed soon; a mere copy of the
        // request cannot.
        let is_short = state.owner.is_redelivered() || state.may_wait_in_place(wait);
        let Some(_waiting) = is_short.then(|| place.wait()).flatten() else {
            return Ok(Some(ClaimResult::Busy(left.min(OTHER_OWNER_WAIT))));
        };
        session.wait(wait).await?;
        state.waited_in_place += wait;
    }
}

/// Remembers a claim that was granted.
fn granted(state: &mut RequestState, claim: &Claim, planned: PlannedCommand<'_>) {
    tracing::debug!(
        attempts = claim.attempts,
        in_doubt = claim.doubt.commands,
        reservation = ?claim.reservation,
        iq_id = planned.target.map(|target| target.iq_id),
        "request claimed"
    );
    state.owner.grant(claim);
    state.last_command = LastCommand::NoneOrUnknown;
    failpoint::reach("after-claim");
}

/// Takes the permits of the lock and its IQ, where a command may follow at once; and whether there are none
/// free.
async fn acquire_permits(
    context: Context<'_>,
    state: &RequestState,
    mode: Mode,
    prepared: Option<&PreparedLock>,
) -> Result<(Option<CommandPermits>, bool), Abandoned> {
    let sends_a_command = state.delay().is_zero() && mode != Mode::Rehearsal(Rehearsal::Nothing);
    let Some(prepared) = prepared.filter(|_| sends_a_command) else { return Ok((None, false)) };
    let Context { worker, session, .. } = context;
    let (integration_id, lock_id) = (state.integration_id(), prepared.lock_id.to_string());
    let acquired = async {
        let _lock = worker.lock_queues.acquire(session, integration_id, &lock_id).await?;
        let _iq = worker.iq_queues.acquire(session, integration_id, &prepared.iq_id).await?;
        Ok(CommandPermits { _lock, _iq })
    };
    match acquired.await {
        Ok(permits) => Ok((Some(permits), false)),
        Err(NoPermit::Full) => Ok((None, true)),
        Err(NoPermit::Abandoned) => Err(Abandoned),
    }
}

/// What a command needs, if all of it is ready and its IQ is certain: the permit of another IQ would not
/// help.
fn ready(integration: &Integration, state: &RequestState) -> Option<PreparedLock> {
    let request = &state.request.data;
    let (rules, site) = (&integration.rules, &integration.site);
    // No command can follow: one that is reserved counts as sent, should this worker end.
    if !rules.active || state.remaining().is_zero() {
        return None;
    }
    let named = || {
        let lock = request.object_id.as_deref().and_then(|object| rules.lock_of(object))?;
        integration.lock_id(lock)
    };
    if let Some(lock) = state.lock.or_else(named) {
        return site.ready(lock);
    }
    // The object is known only with the booking; where all doors are behind one IQ, each lock will do.
    if rules.locks.len() > MANY_LOCKS {
        return None;
    }
    let locks = rules.default_lock.iter().chain(rules.locks.values());
    site.ready_behind_one_iq(locks.filter_map(|lock| integration.lock_id(lock)))
}
