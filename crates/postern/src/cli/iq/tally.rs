//! The count of rejected one-time passwords at an IQ, those of workers and people together: Salto
//! blocks the user after three to eight in a row \[M\].

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use consumer::{IqRef, OtpStatus, OtpSubject, OtpVerdict};
use salto::{Cause, activation::Stored};

use crate::cli::{output::note, site_access::SiteAccess};

/// With so many rejected in a row, one more could block the user \[M\].
const ONE_MORE_BLOCKS: u32 = 2;

/// The count at one IQ.
pub(super) struct Tally<'a> {
    pub(super) access: &'a SiteAccess<'a>,
    pub(super) iq: &'a str,
    /// Nothing is refused.
    pub(super) force: bool,
}

impl Tally<'_> {
    /// How one-time passwords fare at the IQ.
    pub(super) async fn standing(&self) -> anyhow::Result<OtpStatus> {
        let standings = self.access.guard.statuses(self.access.site.integration_id()).await;
        let standings = standings.context("the rejected one-time passwords cannot be read")?;
        Ok(standings.get(self.iq).copied().unwrap_or_default())
    }

    /// Refuses while Salto wants no calls, or the IQ is left alone.
    pub(super) async fn refuse_while_blocked(&self) -> anyhow::Result<OtpStatus> {
        // Whoever has typed a PIN has taken their time.
        self.access.heed_pause().await?;
        let standing = self.standing().await?;
        if let (Some(until), false) = (standing.blocked_until, self.force) {
            bail!(
                "Salto has blocked the user at this IQ after wrong one-time passwords, and it is \
                 left alone until {}; wait, or give --force",
                until.to_rfc3339_opts(SecondsFormat::Secs, true)
            );
        }
        Ok(standing)
    }

    /// Refuses where one more rejection could block the user, too.
    pub(super) async fn refuse_where_it_could_block(&self) -> anyhow::Result<()> {
        let rejected = self.refuse_while_blocked().await?.rejected_in_a_row;
        if rejected >= ONE_MORE_BLOCKS && !self.force {
            bail!(
                "Salto has rejected {rejected} one-time passwords in a row for this IQ, and one more \
                 could block the user for about 20 minutes; find out why first (clock, PIN, user \
                 activated in Salto's app), or give --force"
            );
        }
        Ok(())
    }

    /// Takes note of a bad answer to a password made with what `of` holds, or with something else.
    pub(super) async fn note(&self, cause: Cause, detail: String, of: Option<&Stored>) {
        if cause == Cause::OtpBlocked {
            self.judge(OtpVerdict::Blocked, of).await;
        } else if cause == Cause::OtpInvalid {
            let verdict = if of.is_some() { OtpVerdict::Invalid } else { OtpVerdict::InvalidOther };
            self.judge(verdict, of).await;
        }
        let at = IqRef { integration_id: self.access.site.integration_id(), iq_id: self.iq };
        if let Err(error) = self.access.last_errors.record(at, cause, detail).await {
            note(&format!("warning: `postern iq list` will not show this: {error}"));
        }
    }

    /// Takes note that Salto accepted a password made with what this record holds: workers and the
    /// booking system learn that trouble is over.
    pub(super) async fn proven(&self, stored: &Stored) {
        self.judge(OtpVerdict::Proven, Some(stored)).await;
    }

    async fn judge(&self, verdict: OtpVerdict, of: Option<&Stored>) {
        let subject = OtpSubject {
            iq: IqRef { integration_id: self.access.site.integration_id(), iq_id: self.iq },
            sealed: of.map(Stored::sealed).unwrap_or_default(),
            traceparent: None,
            rehearsal: self.access.integration.mode.rehearses(),
        };
        if let Err(error) = self.access.guard.record(subject, verdict).await {
            note(&format!("warning: the workers could not be told of Salto's answer: {error}"));
        }
    }
}
