//! The process and its configuration.

use std::time::SystemTime;

use metrics::{describe_gauge, gauge};

use super::flag;

const BUILD_INFO: &str = "postern_build_info";
const RELOAD_SUCCESSFUL: &str = "postern_config_last_reload_successful";
const RELOAD_TIME: &str = "postern_config_last_reload_success_timestamp_seconds";

pub(super) fn describe() {
    describe_gauge!(BUILD_INFO, "1, with the version of postern");
    describe_gauge!(
        RELOAD_SUCCESSFUL,
        "1 where the last configuration that was read is in use; 0 where it had mistakes"
    );
    describe_gauge!(RELOAD_TIME, "When the configuration in use was read, as Unix time in seconds");
}

/// Shows the version of this build.
pub(super) fn build_info() {
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1);
}

/// The configuration was read; one with mistakes is not used.
pub(crate) fn reloaded(success: bool) {
    gauge!(RELOAD_SUCCESSFUL).set(flag(success));
    if success {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        gauge!(RELOAD_TIME).set(since_1970.unwrap_or_default().as_secs_f64());
    }
}
