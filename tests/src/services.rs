//! The servers that `make test` has started or found, named by environment variables.

use std::path::PathBuf;

/// The AMQP address of the shared RabbitMQ.
pub fn broker_url() -> String {
    named("POSTERN_BROKER_URL")
}

/// The address of its management API, credentials included.
pub fn management_url() -> String {
    named("POSTERN_BROKER_MANAGEMENT_URL")
}

/// The shared Redis.
pub fn redis_url() -> String {
    named("POSTERN_REDIS_URL")
}

/// The `redis-server` program.
pub fn redis_server() -> PathBuf {
    named("POSTERN_REDIS_SERVER").into()
}

/// The script that runs a private RabbitMQ node; it finds the server by `POSTERN_RABBITMQ_SERVER`.
pub fn rabbitmq_node() -> PathBuf {
    named("POSTERN_RABBITMQ_NODE").into()
}

/// A program of the workspace: `POSTERN_BIN`, `SALTO_SIMULATOR_BIN`, or the one that cargo built beside this test.
pub fn program(name: &str) -> PathBuf {
    let variable = format!("{}_BIN", name.to_uppercase().replace('-', "_"));
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    // target/debug/deps/end_to_end-… → target/debug/NAME
    let here = std::env::current_exe().expect("a test knows its own path");
    let path = here
        .parent()
        .and_then(|deps| deps.parent())
        .expect("cargo puts tests two folders deep")
        .join(name);
    assert!(path.exists(), "{} is not built: run `make test`", path.display());
    path
}

fn named(variable: &str) -> String {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!(
            "{variable} is not set: run `make test`, or `deploy/services.sh start .dev/mine --own-servers` and \
             source .dev/mine/services.env"
        ),
    }
}
