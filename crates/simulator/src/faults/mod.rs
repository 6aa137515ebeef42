//! Faults on demand: which calls there are, what a fault is, which faults are on, and how a handler
//! learns that its call has one. The middleware `fault_injection` applies them.

mod applied;
mod call;
mod set;
mod spec;

pub(crate) use self::applied::{AppliedFault, WireStatus};
pub(crate) use self::call::{Call, CallKind};
pub(crate) use self::set::{FaultSet, FaultsOfCall};
pub(crate) use self::spec::{FaultKind, FaultSpec};
