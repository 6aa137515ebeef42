//! Sign-in: the token of the account, and the sign-in by the browser.

use secrecy::SecretString;

use super::Site;
use crate::environment::account::SignIn;
use crate::error::CallError;
use crate::token::{LoginAttempt, NewLogin};

impl Site {
    /// Whether the account has a token or gets one. A token that another process has stored in the
    /// cache is used, and credentials that were rejected recently are not tried again.
    ///
    /// # Errors
    /// There is no token, for this cause.
    pub async fn sign_in(&self) -> Result<(), CallError> {
        self.calls.tokens.get().await.map(drop)
    }

    /// Credentials that were rejected before now are tried again at once, and not after their pause
    /// (`docs/contract.md`, invariant 7): the configuration was reloaded, or an operator's command signs in.
    pub fn retry_rejected_credentials(&self) {
        self.calls.tokens.retry_rejected_credentials();
    }

    /// Begins a sign-in by the browser; makes no call. `None` where the account signs in with a
    /// password.
    #[must_use]
    pub fn begin_login(&self) -> Option<LoginAttempt> {
        match &self.calls.account.sign_in {
            SignIn::Browser { redirect_uri } => {
                Some(LoginAttempt::new(&self.calls.client.environment, redirect_uri))
            }
            SignIn::Password { .. } => None,
        }
    }

    /// Exchanges the code from the browser. Every code can be used once, whatever the result. The login has
    /// no effect before [`store_login`](Self::store_login).
    ///
    /// # Errors
    /// Salto refuses the code, or the call failed.
    pub async fn exchange_login(
        &self,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<NewLogin, CallError> {
        self.calls.tokens.exchange_login(attempt, code).await
    }

    /// Stores the login for all replicas, in place of an earlier one.
    ///
    /// # Errors
    /// Salto gave no refresh token, or Redis failed.
    pub async fn store_login(&self, login: NewLogin) -> Result<(), CallError> {
        self.calls.tokens.store_login(login).await
    }
}
