//! End-to-end tests: `make test` runs them with real RabbitMQ, real Redis, the simulator and postern.

mod harness;
mod opening;
