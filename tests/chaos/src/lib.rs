//! Checks whether postern keeps its contract while processes, connections and Salto fail.
//!
//! | | |
//! | --- | --- |
//! | [`fixtures`] | sites, IQs, doors, integrations and secrets of a run |
//! | [`load`] | the messages of guests, booking systems and faulty programs, determined by a seed |
//! | [`nemesis`] | the faults, determined by a seed |
//! | [`proxy`] | a TCP proxy that cuts, delays or refuses connections |
//! | [`system`], [`worker_slot`], [`worker_output`] | the system under test, as processes; one of its workers; its standard output |
//! | [`noisy`] | the latency of a healthy integration without and with the trouble of a neighbour |
//! | [`failover`] | nodes of a cluster, or masters of Redis, killed under load, one after the other |
//! | [`run`] | load and faults, then a quiet period; [`booking_storage`], [`stored_bookings`] and [`collect`] observe the results |
//! | [`history`] | the history of a run |
//! | [`judge`] | finds violations in a history, with a check per invariant of the contract |
//! | [`report`], [`output`], [`run_directory`], [`prometheus_targets`] | the report of a run, its output and its files |
//! | [`arguments`], [`scenarios`] | the program `chaos` |
//!
//! Of postern's own types only reasons and states are used, so that no new one can be forgotten. Everything else that
//! the contract says is written a second time: a shared mistake would remain unnoticed.

pub mod arguments;
pub mod booking_storage;
pub mod collect;
pub mod failover;
pub mod fixtures;
pub mod history;
pub mod judge;
pub mod load;
pub mod nemesis;
pub mod noisy;
pub mod output;
pub mod prometheus_targets;
pub mod proxy;
pub mod report;
pub mod run;
pub mod run_directory;
pub mod scenarios;
pub mod stored_bookings;
pub mod system;
pub mod worker_output;
pub mod worker_slot;
