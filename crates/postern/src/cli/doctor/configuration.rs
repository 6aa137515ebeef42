//! The configuration: it was read before any check, or there would be none.

use super::finding::{About, Finding};
use crate::config::Config;

pub(super) fn check(config: &Config, file: &str) -> Vec<Finding> {
    let about = About("configuration", file);
    let settings = &config.settings;
    let integrations = &settings.integrations;
    let off = integrations.iter().filter(|integration| !integration.rules.active).count();
    let (all, environments) = (integrations.len(), settings.environments.len());
    let off = if off == 0 { String::new() } else { format!(", {off} of them switched off") };
    let mut findings =
        vec![about.ok(format!("environments: {environments}, integrations: {all}{off}"))];
    findings.extend(
        config.warnings.iter().map(|warning| {
            about.warning(warning, "correct it, and look with `postern check-config`")
        }),
    );
    findings
}
