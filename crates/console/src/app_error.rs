//! Why a console does not start.

use consumer::{RedisUrlError, audit::OperatorAuditError};

/// Why a console cannot be made of its settings.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// `redis.url` cannot be used.
    #[error(transparent)]
    Redis(#[from] RedisUrlError),
    /// The audit cannot be used.
    #[error(transparent)]
    Audit(#[from] OperatorAuditError),
}
