//! What the end-to-end tests stand on: real RabbitMQ, real Redis, the simulator and postern as separate processes.
//!
//! | | |
//! | --- | --- |
//! | [`world`] | all that one test needs, apart from every other test |
//! | [`scene`] | a world at work: workers that run, a booking that is known |
//! | [`worker`] | `postern worker` to start, stop, kill, freeze, and to end at a failpoint |
//! | [`settings`] | its configuration file |
//! | [`inbound`] | what the booking system publishes |
//! | [`simulator`] | Salto's cloud: openings, commands, faults |
//! | [`services`] | the servers and programs that `make test` names in the environment |
//! | [`broker`] | a virtual host per test; a bus to publish on, an outbox to read; a private node to kill |
//! | [`redis`] | a private server to kill; everything stored, to search for secrets |
//! | [`processes`] | children that log to files or sit at a terminal, and end with the test, however it ends |
//! | [`deadline`] | waiting |
//!
//! Nothing here uses postern's own types: what a test expects is written down a second time, from the contract.

pub mod broker;
pub mod deadline;
pub mod http;
pub mod inbound;
pub mod ports;
pub mod processes;
pub mod redis;
pub mod scene;
pub mod secrets;
pub mod services;
pub mod settings;
pub mod simulator;
pub mod worker;
pub mod world;
