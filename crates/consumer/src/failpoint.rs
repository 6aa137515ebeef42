//! Points at which tests end or freeze the process: the step before is done, the next one has not
//! begun. And the wall clock, which tests set.

use chrono::{DateTime, Utc};

/// Ends the process here as `kill -9` would, or freezes it, where the file that `POSTERN_FAILPOINT`
/// names holds `kill` or `freeze` and this point. The file is removed first, so that it acts once.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(point: &str) {
    reach_with(point, "");
}

/// The same for the message with that id: the file may name it after the point. The file then stays,
/// because the failpoint acts at every delivery of such a message.
#[cfg(feature = "failpoints")]
pub(crate) fn reach_with(point: &str, id: &str) {
    use nix::sys::signal::{Signal, raise};
    let Some(path) = std::env::var_os("POSTERN_FAILPOINT") else { return };
    let Ok(order) = std::fs::read_to_string(&path) else { return };
    let Some((action, wanted)) = order.split_once(' ') else { return };
    let (wanted, message) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let signal = match action {
        "kill" if wanted == point => Signal::SIGKILL,
        "freeze" if wanted == point => Signal::SIGSTOP,
        _ => return,
    };
    // Where several messages reach the point at once, one of them removes the file.
    let acts = if message.is_empty() { std::fs::remove_file(path).is_ok() } else { message == id };
    if acts {
        tracing::warn!(point, %signal, "failpoint reached");
        // The signal goes to this thread: it must not take another step before the signal acts.
        let _ = raise(signal);
    }
}

/// The interval that tests set by this environment variable, in milliseconds, in place of a longer one.
#[cfg(feature = "failpoints")]
pub(crate) fn interval(variable: &str, usual: std::time::Duration) -> std::time::Duration {
    let set = std::env::var(variable).ok().and_then(|value| value.parse().ok());
    set.map_or(usual, std::time::Duration::from_millis)
}

/// Release builds have the usual intervals.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn interval(_variable: &str, usual: std::time::Duration) -> std::time::Duration {
    usual
}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach(_point: &str) {}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach_with(_point: &str, _id: &str) {}

/// The wall clock by which one-time passwords are made, set by so many seconds as the file that
/// `POSTERN_CLOCK_STEP` names holds.
#[cfg(feature = "failpoints")]
pub(crate) fn wall_clock() -> DateTime<Utc> {
    let step = std::env::var_os("POSTERN_CLOCK_STEP")
        .and_then(|path| std::fs::read_to_string(path).ok())
        .and_then(|seconds| seconds.trim().parse().ok())
        .and_then(chrono::TimeDelta::try_seconds);
    Utc::now() + step.unwrap_or_default()
}

/// Release builds have the machine's clock.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}
