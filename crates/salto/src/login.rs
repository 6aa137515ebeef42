//! A person signs in for an integration, once.

use secrecy::SecretString;

use crate::environment::SignIn;
use crate::error::CallError;
use crate::site::Site;
use crate::token::LoginAttempt;

impl Site {
    /// Begins a sign-in by the browser; makes no call. `None` where the account signs in by itself,
    /// with a password.
    #[must_use]
    pub fn begin_login(&self) -> Option<LoginAttempt> {
        match &self.calls.account.sign_in {
            SignIn::Browser { redirect_uri } => {
                Some(LoginAttempt::new(&self.calls.api.environment, redirect_uri))
            }
            SignIn::Password { .. } => None,
        }
    }

    /// Exchanges the code that the browser brought, and stores the login for all replicas, in place
    /// of any before. The code is spent by the first try.
    ///
    /// # Errors
    /// Salto refuses the code or gives no refresh token, Salto or Redis is in trouble.
    pub async fn finish_login(
        &self,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<(), CallError> {
        self.calls.tokens.sign_in(attempt, code).await
    }
}
