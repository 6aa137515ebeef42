//! The open command of an operator: through the same guards as a guest's, once.

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use salto::{
    ActivationState, OpenError, OtpKey, PreparedLock, RenewPermission, SendPermission,
    activation::Stored,
};

use crate::otp_attempts::{OtpAttempts, OtpResults};

/// What a command rests on counts as fresh for so long (docs/contract.md, invariant 2).
const FRESH_FOR: Duration = Duration::from_millis(300);

/// A command of an operator to one lock, whose IQ is leased.
pub(super) struct OperatorCommand<'a> {
    pub(super) attempts: &'a OtpAttempts<'a>,
    pub(super) prepared: &'a PreparedLock,
    /// Before this time the command leaves, or not at all.
    pub(super) send_before: DateTime<Utc>,
    pub(super) timeout: Duration,
}

/// What the command rests on, as it was read.
struct FreshState {
    /// The activation that signs it; none where the IQ needs no one-time password.
    stored: Option<Stored>,
    permission: SendPermission,
}

impl OperatorCommand<'_> {
    /// Sends the command once. The outer error means that nothing was sent.
    pub(super) async fn send(&self) -> anyhow::Result<Result<(), OpenError>> {
        let OtpResults { access, .. } = &self.attempts.results;
        let FreshState { stored, permission } = self.read().await?;
        let key = stored.as_ref().map(|stored| self.key(stored)).transpose()?;
        let mut renewal = OperatorRenewal { command: self, stored: stored.as_ref() };
        let sending =
            access.site.open(self.prepared, key.as_ref(), permission, self.timeout, &mut renewal);
        let answer = sending.await;
        self.record(stored.as_ref(), &answer).await;
        Ok(answer)
    }

    /// Reads what the command rests on. Fails where it may not be sent.
    async fn read(&self) -> anyhow::Result<FreshState> {
        let OtpResults { access, iq, .. } = &self.attempts.results;
        let read_at = Instant::now();
        access.refuse_where_changed().await?;
        self.attempts.may_send().await?;
        let stored = if self.prepared.needs_otp {
            let stored = access.activations.get(access.site.integration_id(), iq).await;
            let stored = stored.context("the stored activation cannot be read")?;
            Some(stored.context("the IQ is not activated: run `postern iq activate`")?)
        } else {
            None
        };
        let permission =
            SendPermission { send_before: self.send_before, fresh_until: read_at + FRESH_FOR };
        Ok(FreshState { stored, permission })
    }

    fn key(&self, stored: &Stored) -> anyhow::Result<OtpKey> {
        let key = stored.activation.otp_key(self.attempts.results.access.site.otp_scheme());
        let state = stored.activation.state;
        key.with_context(|| {
            let next = match state {
                ActivationState::NotActivated | ActivationState::PendingPin => {
                    "run `postern iq activate`"
                }
                ActivationState::ReactivationRequired
                | ActivationState::Activated
                | ActivationState::Degraded => "`postern iq list` says what to do",
            };
            format!("the activation of the IQ is {}: {next}", state.code().replace('_', " "))
        })
    }

    /// Shares what Salto's answer says about the IQ with the workers.
    async fn record(&self, stored: Option<&Stored>, answer: &Result<(), OpenError>) {
        let results = &self.attempts.results;
        match (answer, stored) {
            (Ok(()), Some(stored)) => results.record_accepted(stored).await,
            (Ok(()), None) => {}
            (Err(error), stored) => {
                let call = error.to_call_error();
                results.access.share_pause(&call).await;
                if error.written {
                    results.record_error(error.cause, error.to_string(), stored).await;
                }
            }
        }
    }
}

/// The renewal of a command that waits on its connection: everything is read again.
struct OperatorRenewal<'a> {
    command: &'a OperatorCommand<'a>,
    stored: Option<&'a Stored>,
}

impl RenewPermission for OperatorRenewal<'_> {
    async fn renew(&mut self) -> Option<SendPermission> {
        let FreshState { stored, permission } = self.command.read().await.ok()?;
        let is_same = stored.as_ref().map(Stored::sealed) == self.stored.map(Stored::sealed);
        is_same.then_some(permission)
    }
}
