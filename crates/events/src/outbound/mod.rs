//! The events that postern publishes (`docs/contract.md`, Outbound): [`event_type`] is the list of
//! their types, [`event`] a whole event, [`answer`] and [`attention`] the data, [`identity`] the ids.

pub mod answer;
pub mod attention;
pub mod event;
pub mod event_type;
pub mod identity;
