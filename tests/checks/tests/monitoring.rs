//! Alert rules and dashboard: they use metrics, labels and values that exist; every alert is tested, and explained in the
//! runbook. Prometheus' own tool accepts the rules and runs their tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use checks::documents::{anchors_of, code_spans};
use checks::monitoring::{Alert, alerts, dashboard, expressions, panels};
use checks::promql::{grouping_labels, selectors};
use checks::sources::product_sources;
use checks::workspace_root;

/// Labels that Prometheus adds.
const ADDED: [&str; 3] = ["instance", "job", "le"];

#[test]
fn promtool_accepts_the_rules_and_their_tests_pass() {
    let script = workspace_root().join("deploy/monitoring.sh");
    let output = Command::new(script).arg("check").output().expect("deploy/monitoring.sh starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    let found = format!("{} rules found", all_alerts().len());
    assert!(text.contains(&found), "promtool has read other rules than this test:\n{text}");
}

/// A picture of the dashboard that leaves something out, or draws it otherwise than Grafana, would mislead.
#[test]
fn the_picture_knows_all_that_the_dashboard_has() {
    let file = workspace_root().join("deploy/monitoring/dashboard.json");
    assert_eq!(unknown_to_the_picture(&file), None);
    let text = fs::read_to_string(&file).expect("the dashboard can be read");
    let other = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard.json");
    for (known, unknown, name) in [
        (r#""type": "stat""#, r#""type": "gauge""#, "type 'gauge'"),
        (r#""unit": "bytes""#, r#""unit": "percent""#, "unit: 'percent'"),
        (r#""lastNotNull""#, r#""mean""#, "'mean'"),
        (r#""color": "green""#, r#""color": "blue""#, "color: 'blue'"),
        (r#""byRegexp""#, r#""byName""#, "'byName'"),
        (r#""lineWidth": 1"#, r#""drawStyle": "bars""#, "drawStyle"),
        (r#""legendFormat": "{{reason}}""#, r#""instant": true"#, "instant"),
        ("[$__rate_interval]", "[$window]", "[$window]"),
    ] {
        assert!(text.contains(known), "the dashboard has no {known} any more");
        fs::write(&other, text.replacen(known, unknown, 1)).expect("the file is written");
        let found =
            unknown_to_the_picture(&other).unwrap_or_else(|| panic!("{unknown} is accepted"));
        assert!(found.contains("is not known") && found.contains(name), "{unknown}: {found}");
    }
}

/// What `dashboard_picture` says about a dashboard that it cannot draw.
fn unknown_to_the_picture(dashboard: &Path) -> Option<String> {
    let script = workspace_root().join("deploy/monitoring.sh");
    let output = Command::new(script).arg("check-dashboard").arg(dashboard).output();
    let output = output.expect("deploy/monitoring.sh starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(text)
}

#[test]
fn metrics_labels_and_values_in_use_exist() {
    let sources = product_sources(&workspace_root());
    let documented = documented_metrics();
    for (place, expr) in all_expressions() {
        let mut labels = BTreeSet::from(ADDED.map(str::to_owned));
        for selector in selectors(&expr) {
            if ["up", "ALERTS"].contains(&selector.metric.as_str()) {
                labels.extend(["alertname", "severity"].map(str::to_owned));
                continue;
            }
            let has = labels_of(&documented, &selector.metric);
            let has = has.unwrap_or_else(|| panic!("{place}: no metric {}", selector.metric));
            labels.extend(has.iter().map(|&label| label.to_owned()));
            for matcher in &selector.matchers {
                let metric = &selector.metric;
                let (label, values) = (matcher.label.as_str(), &matcher.values);
                if label == "job" {
                    continue;
                }
                assert!(has.contains(label), "{place}: {metric} has no label {label}");
                for value in values {
                    let quoted = format!("\"{value}\"");
                    assert!(
                        sources.contains(&quoted),
                        "{place}: no {label} {value} in the product"
                    );
                }
            }
        }
        let unknown: Vec<_> = grouping_labels(&expr).difference(&labels).cloned().collect();
        assert!(unknown.is_empty(), "{place}: no metric in it has the labels {unknown:?}");
    }
}

#[test]
fn failures_have_the_alert_of_their_class() {
    let runbook = document("docs/runbook.md");
    let failed = runbook.split("\n## ").find(|it| it.starts_with("`lock.open-failed.v1`"));
    for (name, class) in [
        ("PosternFailuresOfConfiguration", "configuration"),
        ("PosternFailuresTemporary", "temporary"),
    ] {
        let rows = failed.expect("the runbook has the failed reasons").lines();
        let rows = rows.filter(|row| row.split('|').nth(2).is_some_and(|it| it.trim() == class));
        let expected: BTreeSet<_> =
            rows.filter_map(|row| code_spans(row).into_iter().next()).collect();
        assert!(expected.len() > 3, "{class}: {expected:?}");
        let used = reasons(&named(name));
        assert_eq!(used.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
    }
}

/// Their dead letters have no second alert.
#[test]
fn the_alert_about_dead_letters_leaves_out_failures_that_have_a_critical_one() {
    let [letters, configuration, blocked] =
        ["PosternDeadLetters", "PosternFailuresOfConfiguration", "PosternOtpBlocked"]
            .map(|name| reasons(&named(name)));
    assert_eq!(letters, &configuration | &blocked);
}

#[test]
fn every_alert_is_explained_and_its_link_leads_to_its_row() {
    let runbook = document("docs/runbook.md");
    let section = runbook.split("\n## ").find(|section| section.starts_with("Alerts\n"));
    let rows: Vec<_> = section
        .expect("the runbook has a section about alerts")
        .lines()
        .filter(|line| line.starts_with("| <a id="))
        .collect();
    let anchors = anchors_of(&workspace_root().join("docs/runbook.md"));
    let alerts = all_alerts();
    assert_eq!(rows.len(), alerts.len(), "rows of the table, alerts");
    for alert in &alerts {
        let name = &alert.name;
        assert!(["critical", "warning"].contains(&&*alert.severity), "{name}: {alert:?}");
        assert!(alert.summary.len() > 20 && alert.description.len() > 60, "{name}: {alert:?}");
        let anchor = alert.runbook_url.strip_prefix("docs/runbook.md#");
        let anchor = anchor.unwrap_or_else(|| panic!("{name}: no link to the runbook"));
        assert!(anchors.contains(anchor), "docs/runbook.md has no #{anchor}");
        let row = format!("| <a id=\"{anchor}\"></a>`{name}` | {} | ", alert.severity);
        assert!(rows.iter().any(|it| it.starts_with(&row)), "no row begins with {row}");
    }
}

/// That the expectations hold, `promtool` says.
#[test]
fn every_alert_fires_in_a_test_and_is_silent_where_all_is_well() {
    let tests = document("deploy/monitoring/alerts.test.yml");
    let mut cases = tests.split("\n  - interval: ").skip(1);
    let healthy = cases.next().expect("there are cases");
    assert_eq!(healthy.matches("eval_time").count(), healthy.matches("exp_samples: []").count());
    let others: String = cases.collect();
    for Alert { name, severity, expr, .. } in &all_alerts() {
        let fires = format!("alertname=\"{name}\", severity=\"{severity}\"");
        assert!(others.contains(&fires), "no case in which {name} fires");
        for selector in selectors(expr) {
            let series = format!("'{}{{", selector.metric);
            assert!(healthy.contains(&series), "{name}: no healthy {}", selector.metric);
        }
    }
}

#[test]
fn the_panels_of_the_dashboard_have_what_grafana_needs() {
    let dashboard = dashboard(&workspace_root());
    let mut ids = BTreeSet::new();
    let mut cells = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("there are panels") {
        let title = panel["title"].as_str().expect("a panel has a title");
        assert!(ids.insert(panel["id"].as_u64()), "{title}: another panel has its id");
        let size = |key: &str| panel["gridPos"][key].as_u64().expect("a panel has a place");
        for x in size("x")..size("x") + size("w") {
            assert!(x < 24, "{title} is outside the grid");
            for y in size("y")..size("y") + size("h") {
                assert!(cells.insert([x, y]), "{title} covers another panel");
            }
        }
    }
    for panel in panels(&dashboard) {
        let title = &panel["title"];
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert!(panel["description"].as_str().is_some_and(|it| it.len() > 10), "{title}");
        assert!(expressions(panel).count() > 0, "{title} shows nothing");
    }
}

/// Every expression in rules and dashboard, after its place.
fn all_expressions() -> Vec<(String, String)> {
    let of_alerts = all_alerts().into_iter().map(|alert| (alert.name, alert.expr));
    let dashboard = dashboard(&workspace_root());
    let of_panels = panels(&dashboard).flat_map(|panel| {
        let of_panel = expressions(panel).map(str::to_owned);
        of_panel.map(|expr| (panel["title"].to_string(), expr)).collect::<Vec<_>>()
    });
    of_alerts.chain(of_panels).collect()
}

fn all_alerts() -> Vec<Alert> {
    let alerts = alerts(&workspace_root());
    assert!(alerts.len() > 20, "{alerts:?}");
    alerts
}

fn named(name: &str) -> Alert {
    all_alerts().into_iter().find(|alert| alert.name == name).expect(name)
}

/// The reasons that an alert names.
fn reasons(alert: &Alert) -> BTreeSet<String> {
    let matchers = selectors(&alert.expr).into_iter().flat_map(|selector| selector.matchers);
    let of_reason = matchers.filter(|matcher| matcher.label == "reason");
    of_reason.flat_map(|matcher| matcher.values).collect()
}

/// The metrics of the runbook's table, as `name{label,label}`.
fn documented_metrics() -> BTreeSet<String> {
    let runbook = document("docs/runbook.md");
    let (_, table) = runbook.split_once("\n| metric | value |\n").expect("the table of metrics");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1)).flat_map(code_spans);
    cells.map(str::to_owned).collect()
}

/// The labels of a metric in the table, or of the histogram that has it.
fn labels_of<'a>(documented: &'a BTreeSet<String>, metric: &str) -> Option<BTreeSet<&'a str>> {
    let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|end| metric.strip_suffix(end));
    documented.iter().find_map(|entry| {
        let (name, labels) = entry.split_once('{').unwrap_or((entry, ""));
        let labels = labels.trim_end_matches('}').split(',').collect();
        (name == metric || Some(name) == histogram).then_some(labels)
    })
}

fn document(path: &str) -> String {
    let file = workspace_root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
