//! The results of one-time passwords at an IQ, of workers and operators together. Salto blocks the
//! user after three to eight consecutive rejections (docs/salto-ks.md, The OTP).

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use consumer::{IqRef, OtpStatus, OtpSubject, OtpVerdict};
use salto::{Cause, activation::Stored};

use crate::connections::site_access::SiteAccess;

/// After this number of consecutive rejections, one more could block the user (docs/salto-ks.md, The
/// OTP).
const REJECTIONS_BEFORE_BLOCK: u32 = 2;

/// The results at one IQ.
#[derive(Clone, Copy)]
pub(crate) struct OtpResults<'a> {
    /// The access to the site.
    pub(crate) access: &'a SiteAccess<'a>,
    /// The id of the IQ.
    pub(crate) iq: &'a str,
    /// Whether attempts are allowed although the user is blocked or could be blocked.
    pub(crate) force: bool,
}

impl<'a> OtpResults<'a> {
    /// The results at an IQ. `force` allows attempts although the user is blocked or could be blocked.
    pub(crate) const fn new(access: &'a SiteAccess<'a>, iq: &'a str, force: bool) -> Self {
        Self { access, iq, force }
    }

    /// Consecutive OTP rejections, and the block of the IQ.
    ///
    /// # Errors
    /// Redis does not answer.
    pub(crate) async fn otp_status(&self) -> anyhow::Result<OtpStatus> {
        let statuses = self.access.otp_guard.statuses(self.access.site.integration_id()).await;
        let statuses = statuses.context("the rejected one-time passwords cannot be read")?;
        Ok(statuses.get(self.iq).copied().unwrap_or_default())
    }

    /// Fails while Salto has asked for a pause, or has blocked the user at the IQ.
    ///
    /// # Errors
    /// Those, or Redis does not answer.
    pub(crate) async fn refuse_while_blocked(&self) -> anyhow::Result<OtpStatus> {
        // The state may have changed while the PIN was typed.
        self.access.refuse_while_paused().await?;
        let status = self.otp_status().await?;
        if let (Some(until), false) = (status.blocked_until, self.force) {
            bail!(
                "Salto has blocked the user at this IQ after wrong one-time passwords, and no command \
                 is sent to it until {}; wait, or give --force",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            );
        }
        Ok(status)
    }

    /// As [`Self::refuse_while_blocked`]; fails also where one more rejection could block the user.
    ///
    /// # Errors
    /// Those.
    pub(crate) async fn refuse_where_block_is_near(&self) -> anyhow::Result<()> {
        let rejected = self.refuse_while_blocked().await?.rejected_in_a_row;
        if rejected >= REJECTIONS_BEFORE_BLOCK && !self.force {
            bail!(
                "Salto has rejected {rejected} one-time passwords in a row for this IQ, and one more \
                 could block the user for about 20 minutes; find the cause first (clock, PIN, user \
                 activated in Salto's app), or give --force"
            );
        }
        Ok(())
    }

    /// Records an error answer to an OTP that was made with the secret and PIN in `of`, or with others.
    /// One for a wrong time says nothing about the IQ.
    pub(crate) async fn record_error(&self, cause: Cause, detail: String, of: Option<&Stored>) {
        if cause == Cause::OtpMistimed {
            return;
        }
        if cause == Cause::OtpBlocked {
            self.record(OtpVerdict::Blocked, of).await;
        } else if cause == Cause::OtpInvalid {
            let verdict = if of.is_some() { OtpVerdict::Invalid } else { OtpVerdict::InvalidOther };
            self.record(verdict, of).await;
        }
        let iq = IqRef { integration_id: self.access.site.integration_id(), iq_id: self.iq };
        if let Err(error) = self.access.last_errors.record(iq, cause, detail).await {
            self.access.observer.note(&format!(
                "warning: this error could not be stored, so `postern iq list` does not show it: {error}"
            ));
        }
    }

    /// Records that Salto accepted an OTP made with this secret and PIN. Workers use the IQ normally
    /// again, and an event says so where it was degraded or blocked.
    pub(crate) async fn record_accepted(&self, stored: &Stored) {
        self.record(OtpVerdict::Proven, Some(stored)).await;
    }

    /// Records that Salto has given this new secret: rejections of the old one say nothing about it.
    pub(crate) async fn record_new_secret(&self, stored: &Stored) {
        self.record(OtpVerdict::NewSecret, Some(stored)).await;
    }

    async fn record(&self, verdict: OtpVerdict, of: Option<&Stored>) {
        let subject = OtpSubject {
            iq: IqRef { integration_id: self.access.site.integration_id(), iq_id: self.iq },
            sealed: of.map(Stored::sealed).unwrap_or_default(),
            traceparent: None,
            rehearsal: self.access.integration.mode.rehearses(),
        };
        if let Err(error) = self.access.otp_guard.record(subject, verdict).await {
            self.access.observer.note(&format!(
                "warning: Salto's answer could not be stored for the workers: {error}"
            ));
        }
    }
}
