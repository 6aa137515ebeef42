//! The calls of a guest's app: it exchanges the access code, and creates a digital key.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use super::error::{GuestKeyError, settings};
use crate::breaker::{Breakers, Caller};
use crate::clock::SaltoClock;
use crate::environment::Environment;
use crate::environment::guest_keys::GuestKeys;
use crate::http::answer::CallTarget;
use crate::http::client::Http;
use crate::http::salto_client::{Call, SaltoClient};
use crate::token::{AccessCodeExchange, GrantError, bearer, exchange_access_code};

/// The app of a guest, who has no account at Salto.
#[derive(Debug)]
pub struct GuestApp {
    client: SaltoClient,
    keys: GuestKeys,
}

/// A token that can only create a digital key: no other call takes this type, and it is stored nowhere.
/// It prints as `***`.
pub struct GuestToken {
    client: SaltoClient,
    keys: GuestKeys,
    access: SecretString,
}

impl GuestApp {
    /// An app that uses the environment's client. That is likely a public one, and may be another than the
    /// pod member's. Makes no call.
    ///
    /// # Errors
    /// Digital Key for Guests is not set up for the environment.
    pub fn new(
        http: Http,
        environment: Arc<Environment>,
        clock: Arc<SaltoClock>,
        breakers: Arc<Breakers>,
    ) -> Result<Self, GuestKeyError> {
        let caller = Caller::guest_app();
        Self::with_client(SaltoClient { caller, http, environment, clock, breakers })
    }

    pub(crate) fn with_client(client: SaltoClient) -> Result<Self, GuestKeyError> {
        let keys = settings(&client.environment)?.clone();
        Ok(Self { client, keys })
    }

    /// Exchanges an access code. Every code can be used once, whatever the result; without an answer it
    /// may have been used.
    ///
    /// # Errors
    /// The identity provider rejects the code or the client, or the call failed.
    pub async fn exchange(&self, code: &SecretString) -> Result<GuestToken, GuestKeyError> {
        let (parameter, scope) = (self.keys.code_parameter.as_str(), self.keys.scope.as_deref());
        let exchange = AccessCodeExchange { code, parameter, scope };
        match exchange_access_code(&self.client, exchange).await {
            Ok(access) => {
                let (client, keys) = (self.client.clone(), self.keys.clone());
                Ok(GuestToken { client, keys, access })
            }
            Err(GrantError::Rejected(code)) => Err(GuestKeyError::of_exchange(code)),
            Err(GrantError::Failed(error) | GrantError::Unusable(error)) => Err(error.into()),
        }
    }
}

impl GuestToken {
    /// Creates a digital key. `request` and the answer are passed through unchanged, because only Salto
    /// and its mobile SDK define them. An empty answer is `null`.
    ///
    /// # Errors
    /// Salto refuses the key, no longer accepts the token, or the call failed.
    pub async fn create_digital_key(&self, request: &Value) -> Result<Value, GuestKeyError> {
        let call = Call {
            method: Method::POST,
            url: self.keys.digital_key_path.at(&self.client.environment.api_url, None),
            body: Some(request.clone()),
            target: CallTarget::Unpublished,
        };
        let answer = self.client.call(bearer(&self.access), call).await;
        let body = answer.map_err(GuestKeyError::of_digital_key)?.body;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| GuestKeyError::KeyUnreadable)
    }
}

impl fmt::Debug for GuestToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuestToken(***)")
    }
}
