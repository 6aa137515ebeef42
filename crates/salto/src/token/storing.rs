//! Storing what a token request brought: for all replicas, and before it is used where a refresh
//! token went with it that nobody may use again.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use uuid::Uuid;

use super::grant::{self, GrantError};
use super::judge::{self, Fetch};
use super::keeper::{Tokens, Turn};
use super::login::LoginAttempt;
use super::record::{Login, Rejection, Token, TokenRecord, TokenState};
use crate::error::{CallError, Cause};

/// What Salto answered to a login's refresh token and could not be stored; without it the login
/// would be lost.
#[derive(Clone)]
pub(super) struct LeftOver {
    spent: SecretString,
    record: TokenRecord,
}

impl Tokens {
    /// Shares a token. A login's is used only where its next refresh token is stored: a process that
    /// dies in between loses the login, one that lives on stores it later.
    pub(super) async fn keep_granted(
        &self,
        turn: &Turn,
        how: &Fetch,
        token: Token,
    ) -> Result<Arc<Token>, CallError> {
        let record = self.granted(token.clone());
        let is_login = record.login.is_some();
        if self.keep(turn, how, record).await || !is_login {
            return Ok(self.adopt(token));
        }
        Err(CallError::new(Cause::Cache, "the next refresh token could not be stored yet"))
    }

    /// Shares that the credentials were rejected. A login that Salto no longer takes is forgotten:
    /// it is not tried again.
    pub(super) async fn keep_rejected(
        &self,
        turn: &Turn,
        how: Fetch,
        rejection: Rejection,
    ) -> CallError {
        let is_over = rejection.code == "invalid_grant";
        let login = self.login(how.refresh.clone()).filter(|_| !is_over);
        let error = match &self.ours.login {
            Some(_) if is_over => {
                tracing::warn!(integration = self.integration, "Salto no longer takes the login");
                self.not_signed_in(judge::LOGIN_OVER)
            }
            Some(_) | None => judge::rejected_until(&rejection, (self.now)()),
        };
        let state = TokenState::Rejected(rejection);
        let fingerprint = self.ours.credentials.clone();
        self.keep(turn, &how, TokenRecord { fingerprint, state, login }).await;
        error
    }

    /// Exchanges the code of a person's sign-in, and stores what it brings for all replicas.
    pub(crate) async fn sign_in(
        &self,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<(), CallError> {
        let mut turn = Turn::new();
        while !self.leased(&mut turn).await? {}
        let result = self.sign_in_with_lease(&turn, attempt, code).await;
        self.release(&turn).await;
        result
    }

    async fn sign_in_with_lease(
        &self,
        turn: &Turn,
        attempt: &LoginAttempt,
        code: &SecretString,
    ) -> Result<(), CallError> {
        let token = match grant::exchange(&self.api, attempt, code, (self.now)()).await {
            Ok(token) => token,
            Err(GrantError::Failed(error)) => return Err(error),
            Err(GrantError::Rejected(code)) => {
                let error = CallError::new(Cause::CredentialsRejected, "nor the code of the login");
                return Err(CallError { code: Some(code), ..error });
            }
        };
        let record = self.granted(token);
        if record.login.is_none() {
            let why = "Salto gave no refresh token: the client must be allowed offline_access";
            return Err(CallError::new(Cause::Forbidden, why));
        }
        if self.keep(turn, &Fetch::default(), record).await {
            return Ok(());
        }
        Err(CallError::new(Cause::Cache, "the login could not be stored"))
    }

    /// Stores, holding the lease, what could not be stored before, unless it no longer fits: `true`
    /// where it did that, and gave the lease back.
    pub(super) async fn store_left_over(&self, owner: Uuid) -> Result<bool, CallError> {
        let Some(LeftOver { spent, record }) = self.local().left_over.clone() else {
            return Ok(false);
        };
        let stored = self.cache.read(&self.integration).await?.and_then(|stored| stored.login);
        let fits =
            stored.is_some_and(|login| login.refresh.expose_secret() == spent.expose_secret());
        let done = fits && self.cache.store(&self.integration, owner, &record).await?;
        self.local().left_over = None;
        Ok(done)
    }

    /// The error where somebody must sign in.
    pub(super) fn not_signed_in(&self, why: &str) -> CallError {
        let what_to_do = format!("{why}; run `postern login --integration {}`", self.integration);
        CallError::new(Cause::NotSignedIn, what_to_do)
    }

    /// The record of a token; a login's refresh token lies beside it, as it outlives it.
    fn granted(&self, token: Token) -> TokenRecord {
        let login = self.login(token.refresh.clone());
        let refresh = token.refresh.clone().filter(|_| login.is_none());
        let state = TokenState::Granted(Token { refresh, ..token });
        TokenRecord { fingerprint: self.ours.credentials.clone(), state, login }
    }

    fn login(&self, refresh: Option<SecretString>) -> Option<Login> {
        Some(Login { client: self.ours.login.clone()?, refresh: refresh? })
    }

    /// Stores a record. Where Redis fails just now, it is tried again: otherwise every replica would
    /// ask Salto for its own. For a login that goes on while the lease lasts, as nobody else may use
    /// its refresh token meanwhile; what could not be stored then is left over.
    async fn keep(&self, turn: &Turn, how: &Fetch, record: TokenRecord) -> bool {
        let until = match self.ours.login {
            Some(_) => turn.lease_ends,
            None => Instant::now() + Duration::from_millis(500),
        };
        let mut pause = Duration::from_millis(100);
        loop {
            match self.cache.store(&self.integration, turn.owner, &record).await {
                Ok(true) => return true,
                Ok(false) => break,
                Err(error) => tracing::debug!(%error, "token not stored"),
            }
            if Instant::now() + pause > until {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
        let integration = self.integration.as_str();
        tracing::warn!(integration, "what the token request brought could not be shared");
        if let (Some(_), Some(spent)) = (&self.ours.login, &how.refresh) {
            self.local().left_over = Some(LeftOver { spent: spent.clone(), record });
        }
        false
    }
}
