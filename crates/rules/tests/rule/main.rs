//! The rule: the decision and its explanation.

mod decide;
mod explain;
mod fixtures;
mod properties;
mod tied;
