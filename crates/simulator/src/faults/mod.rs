//! Faults on demand, from a slow answer to a connection reset after the door has opened.

mod call;
mod caller;
mod fault;
mod gate;
mod set;
mod wire;

pub(crate) use self::call::CallKind;
pub(crate) use self::fault::{FaultKind, FaultOrder};
pub(crate) use self::gate::{UnderFault, gate};
pub(crate) use self::set::FaultSet;
pub(crate) use self::wire::{FaultyListener, Switch};
