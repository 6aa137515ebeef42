//! The last steps of a sign-in by the browser: the code is exchanged, and the login stored.

use reqwest::header::HeaderValue;
use secrecy::SecretString;

use super::grant::{self, GrantError};
use super::login::LoginAttempt;
use super::manager::TokenManager;
use super::record::Token;
use crate::error::{CallError, Cause};

/// The login that Salto gave for a code; not stored yet.
pub struct NewLogin(Token);

impl NewLogin {
    /// The `Authorization` of calls with its token.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.header()
    }
}

impl TokenManager {
    /// Exchanges the code of a sign-in by the browser.
    pub(crate) async fn exchange_login(
        &self,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<NewLogin, CallError> {
        match grant::exchange(&self.client, attempt, code, (self.now)()).await {
            Ok(token) => Ok(NewLogin(token)),
            Err(GrantError::Failed(error) | GrantError::Unusable(error)) => Err(error),
            Err(GrantError::Rejected(code)) => {
                let error = CallError::new(Cause::CredentialsRejected, "nor the code of the login");
                Err(CallError { code: Some(code), ..error })
            }
        }
    }

    /// Stores the login for all replicas.
    pub(crate) async fn store_login(&self, login: NewLogin) -> Result<(), CallError> {
        let mut lease = self.begin_lease();
        while !self.try_acquire(&mut lease).await? {}
        let result = self.persistence.store_login(&lease, login.0).await;
        self.release(&lease).await;
        result
    }
}
