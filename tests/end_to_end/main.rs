//! End-to-end tests: `make test` runs them with real RabbitMQ, real Redis, the simulator and postern.

mod backlog;
mod crashes;
mod doubt;
mod failures;
mod harness;
mod opening;
mod rate_limits;
mod rejections;
mod reload;
mod returned_events;
mod stopping;
mod two_copies;
