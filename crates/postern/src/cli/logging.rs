//! Log lines on standard error, and the log line of a panic.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use traces::Traces;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::cli::{
    arguments::global::{GlobalArguments, LogFormat},
    colours,
    failure::CommandFailure,
};

/// postern's own crates, whose log lines contain no secrets.
const OWN_CRATES: [&str; 8] =
    ["postern", "console", "consumer", "publisher", "salto", "events", "rules", "traces"];

/// Starts logging. Without `--log-level`, the filter is `default`. Spans go to `traces`.
pub(super) fn start(
    global: &GlobalArguments,
    default: &str,
    traces: Option<&Traces>,
) -> Result<(), CommandFailure> {
    let chosen = filter(global.log_level.as_deref(), default).map_err(|error| {
        CommandFailure::Usage(format!(
            "--log-level (or POSTERN_LOG) is not a valid filter: {error}"
        ))
    })?;
    let lines = match global.log_format.unwrap_or_else(default_format) {
        LogFormat::Human => {
            let colours = colours::are_shown_on(&io::stderr());
            fmt::layer().with_ansi(colours).with_writer(io::stderr).boxed()
        }
        LogFormat::Json => {
            let lines = fmt::layer().json().flatten_event(true).with_span_list(false);
            lines.with_writer(io::stderr).boxed()
        }
    };
    let filter = chosen.and(filter_fn(contains_no_secret));
    let lines = lines.with_filter(filter);
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).init();
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The filter that was chosen, or the default. lapin reports every lost connection, which postern reports
/// with its consequence, so lapin's lines are off where the chosen filter does not name it.
fn filter(chosen: Option<&str>, default: &str) -> anyhow::Result<EnvFilter> {
    let directives = chosen.unwrap_or(default);
    if let Some(unknown) = directives.split(',').map(str::trim).find(|it| !is_directive(it)) {
        return Err(anyhow!(
            "{unknown:?} is no level; allowed are off, error, warn, info, debug, trace, and \
             CRATE=LEVEL with commas between them"
        ));
    }
    let filter = EnvFilter::builder().parse(directives)?;
    if directives.contains("lapin") {
        return Ok(filter);
    }
    Ok(filter.add_directive("lapin=off".parse()?))
}

/// Whether it is more than a word that would be taken for the name of a crate, and would silence all others.
fn is_directive(text: &str) -> bool {
    let is_crate =
        || text == "lapin" || OWN_CRATES.contains(&text.split("::").next().unwrap_or(text));
    text.is_empty()
        || text.contains(['=', '['])
        || text.parse::<LevelFilter>().is_ok()
        || is_crate()
}

fn default_format() -> LogFormat {
    if io::stderr().is_terminal() { LogFormat::Human } else { LogFormat::Json }
}

/// Whether a log line cannot contain a secret. The finer levels of other crates may contain frames
/// and headers with passwords and tokens, so no filter lets other crates log more than warnings, and
/// lapin, whose warning of a returned message contains the whole message, more than errors.
fn contains_no_secret(line: &Metadata<'_>) -> bool {
    let origin = line.target().split("::").next().unwrap_or_default();
    let finest = if origin == "lapin" { Level::ERROR } else { Level::WARN };
    OWN_CRATES.contains(&origin) || *line.level() <= finest
}

/// Logs the location and the thread of a panic. Its message is logged only where it is a constant:
/// a message that is built at run time could contain a secret.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    tracing::error!(
        message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("panicked"),
        panicked_at = panic.location().map(tracing::field::display),
        thread = thread.name(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lapin_is_off_unless_the_filter_names_it() {
        let shown = |chosen| filter(chosen, "info").unwrap().to_string();
        assert!(shown(None).contains("lapin=off"));
        assert!(shown(Some("debug")).contains("lapin=off"));
        assert!(filter(Some("inof"), "info").unwrap_err().to_string().contains("inof"));
        assert!(filter(Some("consumer=debug,wran"), "info").is_err());
        assert_eq!(shown(Some("info,lapin=error")).matches("lapin").count(), 1);
        assert!(!shown(Some("lapin=error")).contains("off"));
    }
}
