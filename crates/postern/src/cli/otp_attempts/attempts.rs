//! Attempts of an operator to have Salto check a one-time password: one operator at a time, and with
//! recorded results.

use salto::{CallError, OtpKey, activation::Stored};
use secrecy::SecretString;

use super::{iq_lease::IqLease, otp_results::OtpResults};

/// Attempts at one IQ, for which the IQ is leased.
pub(super) struct OtpAttempts<'a> {
    pub(super) results: OtpResults<'a>,
    lease: IqLease,
}

/// What a one-time password is made with.
pub(super) struct OtpInput<'a> {
    pub(super) secret: &'a SecretString,
    pub(super) pin: &'a SecretString,
    /// The stored record with this secret and PIN; nothing where they are not stored.
    pub(super) of: Option<&'a Stored>,
}

impl<'a> OtpAttempts<'a> {
    /// Leases the IQ. What was read before may have changed meanwhile.
    pub(super) async fn begin(results: OtpResults<'a>) -> anyhow::Result<Self> {
        let lease = IqLease::acquire(results.access, results.iq).await?;
        Ok(Self { results, lease })
    }

    /// Releases the IQ.
    pub(super) async fn end(self) {
        self.lease.release().await;
    }

    /// Has Salto check one OTP, and change the PIN by `delta`. An error answer is recorded; an accepted
    /// OTP is for the caller to record ([`OtpResults::record_accepted`]).
    ///
    /// The outer error means that nothing was sent.
    pub(super) async fn send(
        &self,
        input: &OtpInput<'_>,
        delta: &str,
    ) -> anyhow::Result<Result<(), CallError>> {
        let OtpResults { access, iq, .. } = &self.results;
        self.lease.renew().await?;
        self.results.refuse_where_block_is_near().await?;
        let key = OtpKey::new(access.site.otp_scheme(), input.secret.clone(), input.pin.clone());
        let answer = access.site.put_pin(iq, &key, delta).await;
        if let Err(error) = &answer {
            self.results.record_error(error.cause, error.to_string(), input.of).await;
            access.share_pause(error).await;
        }
        Ok(answer)
    }
}
