//! The state of a site's IQs and locks, from Salto and from Redis together.

pub(crate) mod iq_overview;
pub(crate) mod next_step;
