//! What a step may use.

use std::sync::Arc;

use crate::{
    broker::{places::Place, session_handle::SessionHandle},
    worker::Worker,
};

/// The worker, the session that the delivery came with, and the place of its request.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) worker: &'a Arc<Worker>,
    pub(super) session: &'a SessionHandle,
    pub(super) place: &'a Place,
}
