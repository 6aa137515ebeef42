//! Whether the contract holds when everything around postern fails.
//!
//! | | |
//! | --- | --- |
//! | [`town`] | the world of a run: sites, IQs, doors, integrations, secrets |
//! | [`load`] | what guests, booking systems and broken programs publish, by a seed |
//! | [`nemesis`] | what goes wrong, by a seed |
//! | [`proxy`] | a TCP proxy that misbehaves when told to |
//! | [`stage`], [`hand`] | everything as processes, and one worker of it |
//! | [`run`] | load and faults, then quiet; [`stored`] and [`collect`] see what there is to be seen |
//! | [`history`] | the record of a run |
//! | [`checker`] | from a record to violations, one judge per invariant of the contract |
//! | [`report`], [`voice`], [`keep`] | what a run says and leaves |
//! | [`arguments`], [`scenes`] | the program `chaos` |
//!
//! Nothing here uses postern's own types: what the contract says is written down a second time.

pub mod arguments;
pub mod checker;
pub mod collect;
pub mod hand;
pub mod history;
pub mod keep;
pub mod load;
pub mod nemesis;
pub mod proxy;
pub mod report;
pub mod run;
pub mod scenes;
pub mod stage;
pub mod stored;
pub mod town;
pub mod voice;
