//! The integrations that are stored in Redis: whether all of them can be used.

use consumer::Settings;
use operations::{
    checks::{Check, Finding},
    connections::advice,
};

use crate::cli::stored_integrations;

const NAME: &str = "integration.stored";

/// Adds the stored integrations to those of the file, so that they are checked too. Answers the findings.
pub(super) async fn add(settings: &mut Settings) -> Vec<Finding> {
    let all = Check::new(NAME, "Redis");
    match stored_integrations::read(settings).await {
        Err(error) => vec![all.warning(
            format!("unknown, only those of the file are checked: {error}"),
            advice::REDIS_UNUSABLE,
        )],
        Ok(in_use) => {
            let mut findings =
                vec![all.ok(format!("stored integrations in use: {}", in_use.added))];
            for unused in in_use.unused {
                let check = Check::new(NAME, &unused.id);
                let (problem, next) = (unused.problem.to_string(), unused.problem.next_step());
                findings.push(match unused.problem {
                    config::IntegrationProblem::OfFile => check.warning(problem, next),
                    config::IntegrationProblem::Unreadable(_) => check.broken(problem, next),
                });
            }
            findings
        }
    }
}
