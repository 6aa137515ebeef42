//! What the runbook quotes of log lines and metrics is in the sources of the product; all metrics and
//! wait reasons are in the runbook.
//!
//! A quoted log message is text between backticks in the first column of the table below "Log lines", or
//! after "log: ". It may be the beginning of a message. Of the table of metrics, names and labels are checked.

use std::collections::BTreeSet;
use std::fs;

use checks::documents::code_spans;
use checks::sources::product_sources;
use checks::workspace_root;

#[test]
fn quoted_log_messages_are_in_the_sources() {
    let (runbook, sources) = (runbook(), product_sources(&workspace_root()));
    let mut quoted = first_cells(section(&runbook, "Log lines"));
    assert!(quoted.contains(&"request answered"), "{quoted:?}");
    let after_log = runbook.split("log: `").skip(1).filter_map(|rest| rest.split('`').next());
    quoted.extend(after_log);
    let missing: Vec<_> =
        quoted.into_iter().filter(|text| !sources.contains(&format!("\"{text}"))).collect();
    assert!(missing.is_empty(), "no log message of the product begins with {missing:?}");
}

#[test]
fn metrics_and_their_labels_are_in_the_sources() {
    let (runbook, sources) = (runbook(), product_sources(&workspace_root()));
    let metrics: Vec<_> = runbook.lines().flat_map(code_spans).filter(|it| is_metric(it)).collect();
    assert!(
        metrics.contains(&"postern_answers_total{integration,decision,reason,rehearsal}"),
        "{metrics:?}"
    );
    for metric in metrics {
        let (name, labels) = metric.split_once('{').unwrap_or((metric, ""));
        assert!(sources.contains(&format!("\"{name}\"")), "the product has no metric {name}");
        for label in labels.trim_end_matches('}').split(',').filter(|it| !it.is_empty()) {
            let (label, value) = label.split_once('=').unwrap_or((label, ""));
            assert!(sources.contains(&format!("\"{label}\" => ")), "{metric}: no label {label}");
            assert!(sources.contains(value), "{metric}: no value {value}");
        }
    }
}

#[test]
fn every_metric_is_in_the_runbook() {
    let (runbook, sources) = (runbook(), product_sources(&workspace_root()));
    let names: BTreeSet<_> = sources.split('"').filter(|text| is_metric(text)).collect();
    assert!(names.contains("postern_answers_total"), "{names:?}");
    let cells = first_cells(section(&runbook, "Is it healthy?"));
    let listed: BTreeSet<_> = cells.iter().filter_map(|cell| cell.split('{').next()).collect();
    let missing: Vec<_> = names.difference(&listed).collect();
    assert!(missing.is_empty(), "the table in docs/runbook.md has no metric {missing:?}");
}

#[test]
fn every_wait_reason_is_in_the_runbook() {
    let file = workspace_root().join("crates/consumer/src/broker/wait_reason.rs");
    let source = fs::read_to_string(file).expect("the wait reasons can be read");
    let codes: Vec<_> =
        source.split("=> \"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert!(codes.contains(&"booking"), "{codes:?}");
    let runbook = runbook();
    let listed = first_cells(section(&runbook, "Is it healthy?"));
    let missing: Vec<_> = codes.into_iter().filter(|code| !listed.contains(code)).collect();
    assert!(missing.is_empty(), "docs/runbook.md has no wait reason {missing:?}");
}

fn is_metric(text: &str) -> bool {
    text.starts_with("postern_")
        && text.bytes().all(|it| it.is_ascii_lowercase() || b"_{},=\"".contains(&it))
}

fn runbook() -> String {
    fs::read_to_string(workspace_root().join("docs/runbook.md")).expect("the runbook can be read")
}

fn section<'a>(runbook: &'a str, title: &str) -> &'a str {
    let found = runbook.split("\n## ").find(|section| section.starts_with(title));
    found.unwrap_or_else(|| panic!("docs/runbook.md has no section {title:?}"))
}

/// What is between backticks in the first cells of a section's table.
fn first_cells(section: &str) -> Vec<&str> {
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| row.split('|').nth(1)).flat_map(code_spans).collect()
}
