//! Attempts of an operator to have Salto check a one-time password: one operator at a time, and with
//! recorded results.

use salto::{CallError, OtpKey, activation::Stored};
use secrecy::SecretString;

use super::{iq_lease::IqLease, results::OtpResults};

/// Attempts at one IQ, for which the IQ is leased.
pub(crate) struct OtpAttempts<'a> {
    /// The results at the IQ.
    pub(crate) results: OtpResults<'a>,
    lease: IqLease,
}

/// What a one-time password is made with.
pub(crate) struct OtpInput<'a> {
    /// The secret of the IQ.
    pub(crate) secret: &'a SecretString,
    /// The PIN.
    pub(crate) pin: &'a SecretString,
    /// The stored record with this secret and PIN; nothing where they are not stored.
    pub(crate) of: Option<&'a Stored>,
}

impl<'a> OtpAttempts<'a> {
    /// Leases the IQ. What was read before may have changed meanwhile.
    ///
    /// # Errors
    /// Another operation keeps it, or Redis does not answer.
    pub(crate) async fn begin(results: OtpResults<'a>) -> anyhow::Result<Self> {
        let lease = IqLease::acquire(results.access, results.iq).await?;
        Ok(Self { results, lease })
    }

    /// Releases the IQ.
    pub(crate) async fn end(self) {
        self.lease.release().await;
    }

    /// Fails where no OTP may be sent now: the lease was lost, Salto has asked for a pause, the user is blocked, or one
    /// more rejection could block it.
    ///
    /// # Errors
    /// Those, or Redis does not answer.
    pub(crate) async fn may_send(&self) -> anyhow::Result<()> {
        self.lease.renew().await?;
        self.results.refuse_where_block_is_near().await
    }

    /// Has Salto check one OTP, and change the PIN by `delta`. An error answer is recorded; an accepted
    /// OTP is for the caller to record ([`OtpResults::record_accepted`]).
    ///
    /// # Errors
    /// The outer error means that nothing was sent; the inner one is Salto's answer.
    pub(crate) async fn send(
        &self,
        input: &OtpInput<'_>,
        delta: &str,
    ) -> anyhow::Result<Result<(), CallError>> {
        let OtpResults { access, iq, .. } = &self.results;
        self.may_send().await?;
        let key = OtpKey::new(access.site.otp_scheme(), input.secret.clone(), input.pin.clone());
        let answer = access.site.put_pin(iq, &key, delta).await;
        if let Err(error) = &answer {
            self.results.record_error(error.cause, error.to_string(), input.of).await;
            access.share_pause(error).await;
        }
        Ok(answer)
    }

    /// The secret that Salto gives for the code of an active device. An error answer is recorded: a wrong code counts as
    /// a rejected OTP.
    ///
    /// # Errors
    /// No code may be sent now, or Salto does not accept it.
    pub(crate) async fn secret_by_code(&self, code: &SecretString) -> anyhow::Result<SecretString> {
        let OtpResults { access, iq, .. } = &self.results;
        self.may_send().await?;
        match access.site.read_secret_with_code(iq, code).await {
            Ok(secret) => Ok(secret),
            Err(error) => {
                self.results.record_error(error.cause, error.to_string(), None).await;
                let error = access.error_with_advice(&error).await;
                Err(error.context("Salto gives no secret for this code; nothing was stored"))
            }
        }
    }
}
