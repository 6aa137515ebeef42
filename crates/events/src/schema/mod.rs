//! The contract for other programs: one JSON Schema per event type, and an AsyncAPI document of
//! where the events travel. All of it is made from the types and limits of this crate.

pub(crate) mod values;
