//! Points at which tests kill the process: the step before is done, the next has not begun.

/// Kills the process here, as `kill -9` would, when `POSTERN_FAILPOINT` names this point.
#[cfg(feature = "failpoints")]
pub(crate) fn reach(point: &str) {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    if std::env::var("POSTERN_FAILPOINT").is_ok_and(|name| name == point) {
        tracing::warn!(point, "failpoint reached");
        let _ = kill(Pid::this(), Signal::SIGKILL);
    }
}

/// Release builds have no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(crate) const fn reach(_point: &str) {}
