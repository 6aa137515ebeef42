//! Publishing with confirms, over a pool of channels.

mod channel_pool;
mod publisher;

pub use publisher::{PublishError, Publisher};
