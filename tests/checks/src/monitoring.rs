//! The alert rules and the dashboard in `deploy/monitoring/`.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// An alert, as `alerts.yml` has it.
#[derive(Debug, Default)]
pub struct Alert {
    pub name: String,
    pub expr: String,
    pub severity: String,
    pub summary: String,
    pub description: String,
    pub runbook_url: String,
}

/// All alerts. The file keeps to a form of YAML that this can read: one member a line, long texts folded (`>-`).
///
/// # Panics
///
/// Where the file cannot be read or has another form.
#[must_use]
pub fn alerts(root: &Path) -> Vec<Alert> {
    let text = read(&root.join("deploy/monitoring/alerts.yml"));
    text.split("\n      - alert: ").skip(1).map(alert).collect()
}

fn alert(text: &str) -> Alert {
    let (name, members) = text.split_once('\n').expect("an alert has members");
    let mut alert = Alert { name: name.trim().to_owned(), ..Alert::default() };
    let mut lines = members.lines().peekable();
    while let Some(line) = lines.next() {
        // The next group begins.
        if line.starts_with("  - name:") {
            break;
        }
        let Some((key, value)) = line.trim_start().split_once(':') else { continue };
        let depth = indent(line);
        let mut value = value.trim().to_owned();
        if value == ">-" {
            value.clear();
            while let Some(more) = lines.next_if(|line| indent(line) > depth) {
                value.push_str(more.trim_start());
                value.push(' ');
            }
        }
        match key {
            "expr" => alert.expr = value,
            "labels" => alert.severity = value.replace("{ severity: ", "").replace(" }", ""),
            "summary" => alert.summary = value,
            "description" => alert.description = value,
            "runbook_url" => alert.runbook_url = value,
            "for" | "annotations" => {}
            other => panic!("{name}: {other} is not expected in an alert"),
        }
    }
    alert
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The dashboard.
///
/// # Panics
///
/// Where it is not JSON.
#[must_use]
pub fn dashboard(root: &Path) -> Value {
    let text = read(&root.join("deploy/monitoring/dashboard.json"));
    serde_json::from_str(&text).expect("the dashboard is JSON")
}

/// The panels of a dashboard that show something: all but the titles of rows.
pub fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let all = dashboard["panels"].as_array().expect("a dashboard has panels").iter();
    all.filter(|panel| panel["type"] != "row")
}

/// The expressions of a panel.
pub fn expressions(panel: &Value) -> impl Iterator<Item = &str> {
    let targets = panel["targets"].as_array().into_iter().flatten();
    targets.map(|target| target["expr"].as_str().expect("a target has an expression"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
