//! The state of a site's IQs, from Salto and from Redis together, with the next step for each.

mod next_step;
mod overview;
mod report;
mod target;

pub use next_step::{NextStep, PIN_NOT_RECEIVED, RESET_AT_SALTO, next_step};
pub use overview::{IqOverview, iq_overview, iq_overviews, merge};
pub use report::{IqReport, iq_reports};
pub use target::TargetIq;
