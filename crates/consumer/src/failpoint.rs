//! Points at which tests end or freeze the process: the step before is done, the next has not
//! begun.

/// Ends the process here as `kill -9` would, or freezes it, where the file that `POSTERN_FAILPOINT`
/// names says `kill` or `freeze` and this point. That file goes first: it strikes once.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(point: &str) {
    reach_with(point, "");
}

/// The same for the message of that id: the file may name it after the point, and then stays, as
/// such a message strikes whenever it comes.
#[cfg(feature = "failpoints")]
pub(crate) fn reach_with(point: &str, id: &str) {
    use nix::sys::signal::{Signal, raise};
    let Some(path) = std::env::var_os("POSTERN_FAILPOINT") else { return };
    let Ok(order) = std::fs::read_to_string(&path) else { return };
    let Some((what, wanted)) = order.split_once(' ') else { return };
    let (wanted, message) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let signal = match what {
        "kill" if wanted == point => Signal::SIGKILL,
        "freeze" if wanted == point => Signal::SIGSTOP,
        _ => return,
    };
    // Of several messages that reach it at once, one is struck.
    let strikes =
        if message.is_empty() { std::fs::remove_file(path).is_ok() } else { message == id };
    if strikes {
        tracing::warn!(point, %signal, "failpoint reached");
        // To this thread: no step may be taken until another one has noticed.
        let _ = raise(signal);
    }
}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach(_point: &str) {}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach_with(_point: &str, _id: &str) {}
