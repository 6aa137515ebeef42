//! Whether the trouble of one integration reaches another one (docs/contract.md, invariant 8).
//!
//! A profile is a trouble that one integration, the neighbour, or something outside can cause. A healthy integration
//! has a steady load, first without the trouble and then with it. The results are the times from the publication of
//! its requests to their answers, and what became of the workers.
//!
//! | | |
//! | --- | --- |
//! | [`profiles`] | the troubles, one file each |
//! | [`trouble_phase`], [`neighbour`], [`raw_amqp`] | when a trouble begins and ends; the neighbour's messages; frames that no client library sends |
//! | [`profile_run`], [`watch`] | one profile with servers and workers of its own; the workers meanwhile |
//! | [`measurement`] | what was measured, the violations in it, and the table |

pub mod measurement;
mod neighbour;
mod profile_run;
mod profiles;
mod raw_amqp;
mod trouble_phase;
mod watch;

pub use profile_run::{NoisyPlan, measure};
pub use profiles::Profile;
