//! End-to-end tests: `make test` runs them with real RabbitMQ, real Redis, the simulator and postern.

mod activation;
mod at_rest;
mod backlog;
mod booking_order;
mod booking_wait;
mod broker_away;
mod commands;
mod crashes;
mod dead_letters;
mod doubt;
mod failures;
mod frozen_workers;
mod harness;
mod malformed;
mod opening;
mod rate_limits;
mod redis_away;
mod rejections;
mod reload;
mod retries;
mod returned_events;
mod secrets;
mod stopping;
mod tokens;
mod topology;
mod two_copies;
