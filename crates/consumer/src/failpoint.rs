//! Points at which tests end or freeze the process: the step before is done, the next has not
//! begun.

/// Ends the process here as `kill -9` would, or freezes it, where the file that `POSTERN_FAILPOINT`
/// names says `kill` or `freeze` and this point. That file goes first: it strikes once.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(point: &str) {
    use nix::sys::signal::{Signal, raise};
    let Some(path) = std::env::var_os("POSTERN_FAILPOINT") else { return };
    let Ok(order) = std::fs::read_to_string(&path) else { return };
    let signal = match order.split_once(' ') {
        Some(("kill", wanted)) if wanted == point => Signal::SIGKILL,
        Some(("freeze", wanted)) if wanted == point => Signal::SIGSTOP,
        Some(_) | None => return,
    };
    // Of several messages that reach it at once, one is struck.
    if std::fs::remove_file(path).is_ok() {
        tracing::warn!(point, %signal, "failpoint reached");
        // To this thread: no step may be taken until another one has noticed.
        let _ = raise(signal);
    }
}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach(_point: &str) {}
