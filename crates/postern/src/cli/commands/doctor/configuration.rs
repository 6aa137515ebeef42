//! The configuration. It has no mistakes, or no check would run; warnings are findings.

use config::Config;
use operations::checks::{Check, Finding};

pub(super) fn check(config: &Config, file: &str) -> Vec<Finding> {
    let check = Check::new("configuration", file);
    let settings = &config.settings;
    let integrations = &settings.integrations;
    let inactive = integrations.iter().filter(|integration| !integration.rules.active).count();
    let (all, environments) = (integrations.len(), settings.environments.len());
    let inactive =
        if inactive == 0 { String::new() } else { format!(", {inactive} of them switched off") };
    let mut findings =
        vec![check.ok(format!("environments: {environments}, integrations: {all}{inactive}"))];
    findings.extend(
        config
            .warnings
            .iter()
            .map(|warning| check.warning(warning, "correct it, and run `postern check-config`")),
    );
    findings
}
