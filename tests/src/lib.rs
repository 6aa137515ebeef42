//! The harness of the end-to-end tests: real RabbitMQ, real Redis, the simulator and postern as separate processes.
//!
//! | | |
//! | --- | --- |
//! | [`setup`] | everything that one test needs, isolated from all other tests |
//! | [`fixture`] | a setup with running workers and a stored booking |
//! | [`worker`] | `postern worker`: to start, stop, kill, freeze, and to end at a failpoint |
//! | [`console`] | `postern console`, and those who use it |
//! | [`settings`] | its configuration file |
//! | [`inbound`] | the events of the booking system |
//! | [`simulator`] | Salto's cloud: openings, commands, faults |
//! | [`services`] | the servers and programs that `make test` names in the environment |
//! | [`broker`] | a virtual host per test; a bus to publish on, a listener for outbound events; a private node to kill |
//! | [`collector`] | a collector of OpenTelemetry's traces, which may hang |
//! | [`redis`] | a private server to kill; everything stored, to search for secrets |
//! | [`redis_sentinels`] | private servers with sentinels, whose master can be killed |
//! | [`failover`] | requests at a constant rate while servers are killed, and what became of them |
//! | [`tcp_proxy`] | a proxy in front of the simulator to which connecting can be made slow |
//! | [`resp_proxy`] | a proxy in front of Redis that answers commands with given errors, or loses replies |
//! | [`amqp_proxy`] | a proxy in front of RabbitMQ that drops and changes single answers |
//! | [`processes`] | child processes that log to files or run at a terminal, and end with the test in every case |
//! | [`deadline`] | waiting with a deadline |
//!
//! Nothing here uses postern's own types: what a test expects is written a second time, from docs/contract.md.

pub mod amqp_proxy;
pub mod broker;
pub mod collector;
pub mod console;
pub mod deadline;
pub mod failover;
pub mod fixture;
pub mod http;
pub mod inbound;
pub mod ports;
pub mod processes;
pub mod redis;
pub mod redis_sentinels;
pub mod resp_proxy;
pub mod secrets;
pub mod services;
pub mod settings;
pub mod setup;
pub mod simulator;
pub mod tcp_proxy;
pub mod worker;
