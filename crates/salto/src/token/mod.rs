//! Access tokens: fetched once per integration and lifetime, however many processes there are.

mod access_code;
mod cache;
mod fingerprint;
mod grant;
mod judge;
mod keeper;
mod login;
mod memory;
mod record;
mod redis;
mod storing;
mod transport;

pub use cache::TokenCache;
pub use login::{LoginAttempt, RedirectError};
pub use memory::MemoryTokenCache;
pub use record::{Login, Rejection, Token, TokenRecord, TokenState};
pub use redis::RedisTokenCache;

pub(crate) use access_code::exchange_access_code;
pub(crate) use grant::GrantError;
pub(crate) use keeper::{Now, Tokens};
pub(crate) use record::bearer;
