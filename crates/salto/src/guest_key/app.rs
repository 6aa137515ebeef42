//! What a guest's app does: it exchanges the access code, and creates a digital key.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use super::{GuestKeyError, GuestKeys};
use crate::answer::Subject;
use crate::breaker::Breakers;
use crate::call::Api;
use crate::clock::SaltoClock;
use crate::environment::Environment;
use crate::http_client::Http;
use crate::token::{GrantError, bearer, exchange_access_code};

/// An app in the hands of somebody without an account at Salto.
#[derive(Debug)]
pub struct GuestApp {
    api: Api,
    keys: GuestKeys,
}

/// A token fit for one purpose: no other call takes this type, and it is kept nowhere. It prints as
/// `***`.
pub struct GuestToken {
    api: Api,
    keys: GuestKeys,
    access: SecretString,
}

impl GuestApp {
    /// An app of the environment's client; a guest's is likely a public one, and need not be the pod
    /// member's \[S1\]. Makes no call.
    ///
    /// # Errors
    /// Digital Key for Guests is not set up for the environment.
    pub fn new(
        http: Http,
        environment: Arc<Environment>,
        clock: Arc<SaltoClock>,
        breakers: Arc<Breakers>,
    ) -> Result<Self, GuestKeyError> {
        Self::over(Api { http, environment, clock, breakers })
    }

    pub(crate) fn over(api: Api) -> Result<Self, GuestKeyError> {
        let keys = api.environment.guest_keys()?.clone();
        Ok(Self { api, keys })
    }

    /// Exchanges an access code, which is spent by the first try; where no answer came it may be so
    /// too.
    ///
    /// # Errors
    /// The identity provider takes the code no more or the client not at all, or the call failed.
    pub async fn exchange(&self, code: &SecretString) -> Result<GuestToken, GuestKeyError> {
        let GuestKeys { code_parameter, scope, .. } = &self.keys;
        let named = (code_parameter.as_str(), code);
        match exchange_access_code(&self.api, named, scope.as_deref()).await {
            Ok(access) => Ok(GuestToken { api: self.api.clone(), keys: self.keys.clone(), access }),
            Err(GrantError::Rejected(code)) => Err(GuestKeyError::of_exchange(code)),
            Err(GrantError::Failed(error)) => Err(error.into()),
        }
    }
}

impl GuestToken {
    /// Creates a digital key; `request` and the answer are what Salto and its mobile SDK agree on,
    /// and go through as they are. An empty answer is `null`.
    ///
    /// # Errors
    /// Salto does not let this token create one, or no longer, or the call failed.
    pub async fn create_digital_key(&self, request: &Value) -> Result<Value, GuestKeyError> {
        let url = self.keys.digital_key_path.at(&self.api.environment.api_url, None);
        let bearer = bearer(&self.access);
        let request = Some(request.clone());
        let asked = self.api.call(bearer, Method::POST, url, request, Subject::Unpublished).await;
        let body = asked.map_err(GuestKeyError::of_digital_key)?.body;
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
