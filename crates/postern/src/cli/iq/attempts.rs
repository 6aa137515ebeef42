//! One-time passwords that a person has Salto look at: one person at a time, and counted.

use salto::{CallError, OtpKey, activation::Stored};
use secrecy::SecretString;

use super::{tally::Tally, turn::Turn};

/// A person's turn at an IQ.
pub(super) struct Attempts<'a> {
    pub(super) tally: Tally<'a>,
    turn: Turn,
}

/// What a one-time password is made with.
pub(super) struct Proof<'a> {
    pub(super) secret: &'a SecretString,
    pub(super) pin: &'a SecretString,
    /// The record whose secret and PIN these are; nothing where they are others.
    pub(super) of: Option<&'a Stored>,
}

impl<'a> Attempts<'a> {
    /// Waits for the turn at the IQ. What is read before it may not be so any more.
    pub(super) async fn begin(tally: Tally<'a>) -> anyhow::Result<Self> {
        let turn = Turn::take(tally.access, tally.iq).await?;
        Ok(Self { tally, turn })
    }

    /// It is somebody else's turn.
    pub(super) async fn end(self) {
        self.turn.end().await;
    }

    /// Has Salto look at one password, and moves the PIN by `delta`. What Salto says of it is noted
    /// where it is bad; a good one is for [`Tally::proven`].
    ///
    /// The outer error is ours: nothing was sent.
    pub(super) async fn make(
        &self,
        proof: &Proof<'_>,
        delta: &str,
    ) -> anyhow::Result<Result<(), CallError>> {
        let Tally { access, iq, .. } = &self.tally;
        self.turn.keep().await?;
        self.tally.refuse_where_it_could_block().await?;
        let key = OtpKey::new(access.site.otp_scheme(), proof.secret.clone(), proof.pin.clone());
        let answer = access.site.put_pin(iq, &key, delta).await;
        if let Err(error) = &answer {
            self.tally.note(error.cause, error.to_string(), proof.of).await;
            access.share_pause(error).await;
        }
        Ok(answer)
    }
}
