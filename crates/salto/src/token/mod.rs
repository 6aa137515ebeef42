//! Access tokens: fetched once per integration and lifetime, however many processes there are.

mod cache;
mod grant;
mod judge;
mod keeper;
mod memory;
mod record;
mod redis;

pub use cache::TokenCache;
pub use memory::MemoryTokenCache;
pub use record::{Rejection, Token, TokenRecord, TokenState};
pub use redis::RedisTokenCache;

pub(crate) use keeper::{Now, Tokens};
