//! One-time passwords that a person has Salto look at. Rejected ones block the user after three to
//! eight in a row \[M\], those of workers and people together: so they are counted together.

use anyhow::{Context, bail};
use chrono::SecondsFormat;
use consumer::{Standing, Subject, Verdict};
use salto::{CallError, Cause, OtpKey, activation::Stored};
use secrecy::SecretString;

use super::turn::Turn;
use crate::cli::{output::note, site_access::SiteAccess};

/// With so many rejected in a row, one more could block the user \[M\].
const ONE_MORE_BLOCKS: u32 = 2;

/// Has Salto look at one-time passwords for an IQ.
pub(super) struct Attempts<'a> {
    pub(super) access: &'a SiteAccess<'a>,
    pub(super) iq: &'a str,
    /// Also where the user could be blocked by it.
    pub(super) force: bool,
    /// Nobody else's turn at the IQ meanwhile.
    pub(super) turn: Turn,
}

/// What a one-time password is made with.
pub(super) struct Proof<'a> {
    pub(super) secret: &'a SecretString,
    pub(super) pin: &'a SecretString,
    /// The record whose secret and PIN these are; nothing where they are others.
    pub(super) of: Option<&'a Stored>,
}

impl<'a> Attempts<'a> {
    /// Waits for the turn at the IQ. Records are to be read after this.
    pub(super) async fn begin(
        access: &'a SiteAccess<'a>,
        iq: &'a str,
        force: bool,
    ) -> anyhow::Result<Self> {
        let turn = Turn::take(access, iq).await?;
        Ok(Self { access, iq, force, turn })
    }

    /// It is somebody else's turn.
    pub(super) async fn end(self) {
        self.turn.end().await;
    }

    /// How one-time passwords fare at the IQ.
    pub(super) async fn standing(&self) -> anyhow::Result<Standing> {
        let standings = self.access.guard.standings(self.access.site.integration_id()).await;
        let standings = standings.context("the rejected one-time passwords cannot be read")?;
        Ok(standings.get(self.iq).copied().unwrap_or_default())
    }

    /// Whether the IQ may be asked: not while it is left alone.
    pub(super) async fn refuse_while_blocked(&self) -> anyhow::Result<Standing> {
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

    /// Whether one more rejection is harmless.
    async fn refuse_where_it_could_block(&self) -> anyhow::Result<()> {
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

    /// Has Salto look at one password, and moves the PIN by `delta`. What Salto says of it is noted
    /// where it is bad; a good one is for [`proven`](Self::proven).
    ///
    /// The outer error is ours: nothing was sent.
    pub(super) async fn make(
        &self,
        proof: &Proof<'_>,
        delta: &str,
    ) -> anyhow::Result<Result<(), CallError>> {
        self.turn.keep().await?;
        self.refuse_where_it_could_block().await?;
        let site = &self.access.site;
        let key = OtpKey::new(site.otp_scheme(), proof.secret.clone(), proof.pin.clone());
        let answer = site.put_pin(self.iq, &key, delta).await;
        if let Err(error) = &answer {
            self.note(error.cause, proof.of).await;
        }
        Ok(answer)
    }

    /// Takes note of a bad answer.
    pub(super) async fn note(&self, cause: Cause, of: Option<&Stored>) {
        let verdict = match (cause, of) {
            (Cause::OtpInvalid, Some(_)) => Verdict::Invalid,
            (Cause::OtpInvalid, None) => Verdict::InvalidOther,
            (Cause::OtpBlocked, _) => Verdict::Blocked,
            _ => return,
        };
        self.judge(verdict, of).await;
    }

    /// Takes note that Salto accepted a password made with what this record holds: workers and the
    /// booking system learn that trouble is over.
    pub(super) async fn proven(&self, stored: &Stored) {
        self.judge(Verdict::Proven, Some(stored)).await;
    }

    async fn judge(&self, verdict: Verdict, of: Option<&Stored>) {
        let subject = Subject {
            integration_id: self.access.site.integration_id(),
            iq_id: self.iq,
            sealed: of.map(Stored::sealed).unwrap_or_default(),
            traceparent: None,
        };
        if let Err(error) = self.access.guard.judge(subject, verdict).await {
            note(&format!("warning: the workers could not be told of Salto's answer: {error}"));
        }
    }
}
