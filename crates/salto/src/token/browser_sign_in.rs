//! The last step of a sign-in by the browser: the code is exchanged, and the login stored.

use secrecy::SecretString;

use super::grant::{self, GrantError};
use super::lease::Lease;
use super::login::LoginAttempt;
use super::manager::TokenManager;
use crate::error::{CallError, Cause};

impl TokenManager {
    /// Exchanges the code of a sign-in by the browser, and stores the login for all replicas.
    pub(crate) async fn sign_in(
        &self,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<(), CallError> {
        let mut lease = self.begin_lease();
        while !self.try_acquire(&mut lease).await? {}
        let result = self.sign_in_with_lease(&lease, attempt, code).await;
        self.release(&lease).await;
        result
    }

    async fn sign_in_with_lease(
        &self,
        lease: &Lease,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<(), CallError> {
        match grant::exchange(&self.client, attempt, code, (self.now)()).await {
            Ok(token) => self.persistence.store_login(lease, token).await,
            Err(GrantError::Failed(error) | GrantError::Unusable(error)) => Err(error),
            Err(GrantError::Rejected(code)) => {
                let error = CallError::new(Cause::CredentialsRejected, "nor the code of the login");
                Err(CallError { code: Some(code), ..error })
            }
        }
    }
}
