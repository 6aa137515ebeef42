//! What a step may use.

use std::sync::Arc;

use crate::{broker::session_handle::SessionHandle, worker::Worker};

/// The worker, and the session that the delivery came with.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) worker: &'a Arc<Worker>,
    pub(super) session: &'a SessionHandle,
}
