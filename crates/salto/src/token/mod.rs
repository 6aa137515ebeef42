//! Access tokens: one token request per integration and token lifetime, over all replicas
//! (`docs/contract.md`, invariant 7).

mod access_code;
mod browser_sign_in;
mod cache;
mod cache_policy;
mod fingerprint;
mod grant;
mod lease;
mod login;
mod manager;
mod memory_cache;
mod persistence;
mod record;
mod redis_cache;
mod token_answer;
mod transport;

pub use browser_sign_in::NewLogin;
pub use cache::TokenCache;
pub use login::{LoginAttempt, RedirectError};
pub use memory_cache::MemoryTokenCache;
pub use record::{CredentialsRejection, Login, Token, TokenRecord, TokenState, UnusableGrant};
pub use redis_cache::RedisTokenCache;

pub(crate) use access_code::{AccessCodeExchange, exchange_access_code, has_token};
pub(crate) use grant::GrantError;
pub(crate) use manager::{Now, TokenManager};
pub(crate) use record::bearer;
