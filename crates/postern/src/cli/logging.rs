//! Log lines on standard error, and what a panic leaves behind.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{
    args::{Global, LogFormat},
    failure::Failure,
};

/// The crates whose log lines are written with care for secrets.
const OURS: [&str; 6] = ["postern", "consumer", "publisher", "salto", "events", "rules"];

/// Starts logging. Without `--log-level`, the filter is `default`.
pub(super) fn start(global: &Global, default: &str) -> Result<(), Failure> {
    let wanted = match &global.log_level {
        Some(directives) => EnvFilter::builder().parse(directives).map_err(|error| {
            Failure::Usage(format!("--log-level (or POSTERN_LOG) is no filter: {error}"))
        })?,
        None => EnvFilter::builder().parse_lossy(default),
    };
    let lines = match global.log_format.unwrap_or_else(usual) {
        LogFormat::Human => {
            fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).boxed()
        }
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
    };
    let filter = wanted.and(filter_fn(is_careful));
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn usual() -> LogFormat {
    if io::stderr().is_terminal() { LogFormat::Human } else { LogFormat::Json }
}

/// The finer levels of other crates may show frames and headers, with passwords and tokens in
/// them. No filter makes them log more than warnings; and lapin, which warns of a returned message
/// by showing all of it, nothing but errors.
fn is_careful(line: &Metadata<'_>) -> bool {
    let origin = line.target().split("::").next().unwrap_or_default();
    let most = if origin == "lapin" { Level::ERROR } else { Level::WARN };
    OURS.contains(&origin) || *line.level() <= most
}

/// Where and in which thread. The message only where it is fixed text: one put together at run time
/// could hold anything.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    tracing::error!(
        message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("panicked"),
        at = panic.location().map(tracing::field::display),
        thread = thread.name(),
    );
}
