//! Reading the state of a command again, where it is no longer fresh when the command could leave: after
//! connecting took long, for example (docs/contract.md, invariant 2).

use std::sync::Arc;

use salto::{PreparedLock, RenewPermission, SendPermission};

use super::{
    decide::{AllowedOpening, AttemptPlan, decide},
    request_state::RequestState,
    send_permission::send_permission,
};
use crate::{
    state::ledger::{Claim, ClaimAnswer, LastCommand, PlannedCommand, Reservation},
    worker::Worker,
};

/// The parts of a command that cannot change once it is on its way.
pub(super) struct RestsOn<'a> {
    pub(super) prepared: &'a PreparedLock,
    /// The IQ's activation, whose key signs the command; none of a command without a one-time password.
    pub(super) sealed_activation: Option<&'a [u8]>,
}

/// The renewal of a reserved command that waits on its connection. It claims again, as the owner that it
/// is, and decides again. The new claim takes the place of the old one, whose command was not sent.
pub(super) struct Renewal<'a> {
    pub(super) worker: &'a Arc<Worker>,
    pub(super) state: &'a mut RequestState,
    pub(super) claim: &'a mut Claim,
    pub(super) allowed: &'a mut AllowedOpening,
    pub(super) rests_on: RestsOn<'a>,
    /// Why the command may no longer be sent.
    pub(super) refusal: Option<&'static str>,
}

impl RenewPermission for Renewal<'_> {
    async fn renew(&mut self) -> Option<SendPermission> {
        let permission = match self.claim_again().await {
            Ok(()) => self.decide_again(),
            Err(why) => Err(why),
        };
        match &permission {
            Ok(SendPermission { send_before, .. }) => {
                tracing::debug!(deadline = %send_before, "state read again");
            }
            Err(why) => self.refusal = Some(why),
        }
        permission.ok()
    }
}

impl Renewal<'_> {
    /// Claims again and reserves the same command anew. An error says why that was not possible.
    async fn claim_again(&mut self) -> Result<(), &'static str> {
        let Self { worker, state, claim, allowed, rests_on, .. } = self;
        let planned = PlannedCommand {
            target: Some(rests_on.prepared.into()),
            environment: allowed.integration.clock.environment(),
            follows_at_once: true,
            settings: worker.integrations.lookup(state.integration_id()).version,
            rehearsal: allowed.integration.mode.rehearses(),
        };
        state.owner.next_attempt();
        // Without an answer, `owner` and `last_command` are about the command that was reserved before.
        let asked = worker.ledger.claim(state.key(), &state.owner, planned, state.last_result());
        match asked.await {
            Ok(ClaimAnswer::Claimed(mut renewed)) => {
                state.owner.grant(&renewed);
                state.last_command = match renewed.reservation {
                    Reservation::Reserved => LastCommand::NotSent,
                    Reservation::NotReserved | Reservation::Full => LastCommand::NoneOrUnknown,
                };
                state.update_from(&mut renewed);
                **claim = *renewed;
                Ok(())
            }
            Ok(ClaimAnswer::Concluded(_)) => Err("the request has its outcome"),
            Ok(ClaimAnswer::Conflict(_)) => Err("the record is of another request by now"),
            Ok(ClaimAnswer::Stale) => Err("the integration was changed"),
            Ok(ClaimAnswer::Busy(_)) => Err("another owner acts on the request"),
            Err(error) => {
                tracing::debug!(%error, "state not read again");
                Err("Redis does not answer")
            }
        }
    }

    /// Decides again. An error says why the command may no longer be sent.
    fn decide_again(&mut self) -> Result<SendPermission, &'static str> {
        let Self { worker, state, claim, allowed, rests_on, .. } = self;
        let integration = worker.integrations.get(state.integration_id());
        let integration = integration.ok_or("the integration is unknown by now")?;
        if !integration.site.is_same(&allowed.integration.site) {
            return Err("the integration has another account by now");
        }
        let AttemptPlan::Open(opening, action) = decide(worker, Some(&integration), state, claim)
        else {
            return Err("the rules say no by now");
        };
        let lock_id = rests_on.prepared.lock_id;
        if opening.lock.id() != Some(lock_id) || action != allowed.action {
            return Err("another lock or action is asked for by now");
        }
        integration.site.heed(&claim.corrections);
        let ready = integration.site.ready(lock_id);
        let is_same = |ready: PreparedLock| {
            let prepared = rests_on.prepared;
            ready.iq_id == prepared.iq_id && ready.needs_otp == prepared.needs_otp
        };
        if !ready.is_some_and(is_same) {
            return Err(
                "the lock has another IQ by now, or token or clock are to be asked for again",
            );
        }
        if !claim.pause.is_zero() {
            return Err("Salto has asked for a pause");
        }
        if !claim.blocked.is_zero() {
            return Err("the IQ is blocked");
        }
        if rests_on.sealed_activation.is_some_and(|it| claim.activation.as_deref() != Some(it)) {
            return Err("the activation of the IQ has changed");
        }
        if claim.reservation != Reservation::Reserved {
            return Err("the command could not be reserved again");
        }
        let permission = send_permission(worker, state, claim, &opening);
        **allowed = AllowedOpening { integration, opening, action };
        Ok(permission)
    }
}
