//! The Helm chart and the Compose file: they fit the schemas of Kubernetes, KEDA, Prometheus' operator and Compose, and keep what
//! the documents promise of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use checks::workspace_root;
use serde_json::{Value, json};

/// `opening.command_timeout`, and what postern may need after it, in seconds (docs/contract.md, Health).
const LEAST_STOP_TIME: u64 = 10 + 5;

fn manifests(arguments: &[&str]) -> Output {
    let script = workspace_root().join("deploy/manifests.sh");
    Command::new(script).args(arguments).output().expect("deploy/manifests.sh starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The JSON documents that it prints.
fn printed(arguments: &[&str]) -> Vec<Value> {
    let output = manifests(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the chart makes of one of its files of values.
fn rendered(values: &str) -> Vec<Value> {
    let file = workspace_root().join("deploy/helm/values").join(values);
    printed(&["render", file.to_str().expect("a readable path")])
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|it| it["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

fn read(path: &str) -> String {
    fs::read_to_string(workspace_root().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_chart_and_the_compose_file_fit_their_schemas() {
    let output = manifests(&["check"]);
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    let expected = [
        "6 objects fit their schemas",
        "10 objects fit their schemas",
        "5 services fit the Compose specification",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn values_that_the_chart_does_not_have_are_refused() {
    let least = read("deploy/helm/values/least.yaml");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong-values.yaml");
    for (wrong, expected) in [
        ("replicas: 0", "/replicas"),
        ("replica: 2", "'replica' not allowed"),
        ("secret: ''", "/secret"),
        ("commandTimeoutSeconds: 10s", "/commandTimeoutSeconds"),
        ("serviceMonitor: { interval: 1m }", "/serviceMonitor/interval"),
        ("serviceMonitor: { enabled: true }", "networkPolicy.metricsFrom"),
        ("keda: { enabled: true, maxReplicas: 1 }", "keda.maxReplicas"),
    ] {
        // The last one of two values of a name counts.
        let name = wrong.split(':').next().expect("a name");
        let others = least.lines().filter(|line| !line.starts_with(&format!("{name}:")));
        let values: Vec<_> = others.chain([wrong]).collect();
        fs::write(&file, values.join("\n")).expect("the values are written");
        let output = manifests(&["render", file.to_str().expect("a readable path")]);
        assert!(!output.status.success(), "{wrong}");
        assert!(text(&output.stderr).contains(expected), "{wrong}: {}", text(&output.stderr));
    }
}

#[test]
fn pods_are_closed_off_and_have_the_time_to_stop() {
    for (values, timeout) in [("least.yaml", 10), ("most.yaml", 20)] {
        let objects = rendered(values);
        let pod = &of_kind(&objects, "Deployment")["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(pod["containers"].as_array().map(Vec::len), Some(1), "{values}");
        let expected = json!({
            "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        assert_eq!(pod["securityContext"], expected, "{values}");
        let expected = json!({
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        });
        assert_eq!(container["securityContext"], expected, "{values}");
        for unused in ["automountServiceAccountToken", "enableServiceLinks"] {
            assert_eq!(pod[unused], false, "{values}: {unused}");
        }
        assert!(container["resources"]["limits"]["memory"].is_string(), "{values}");
        // The same time is in the configuration.
        assert_eq!(pod["terminationGracePeriodSeconds"], timeout + 10, "{values}");
        let variables = container["env"].as_array().expect("there are variables");
        let told =
            json!({"name": "POSTERN__OPENING__COMMAND_TIMEOUT", "value": format!("{timeout}s")});
        assert!(variables.contains(&told), "{values}: {variables:?}");
    }
}

#[test]
fn the_chart_has_the_version_and_the_alerts_of_the_workspace() {
    let version = read("Cargo.toml");
    let version = version.lines().find_map(|line| line.strip_prefix("version = "));
    let version = version.expect("the workspace has a version").trim_matches('"');
    let chart = read("deploy/helm/postern/Chart.yaml");
    for key in ["version", "appVersion"] {
        let line = format!("{key}: {version}");
        assert!(chart.lines().any(|it| it == line), "Chart.yaml has no line {line}");
    }
    let objects = rendered("most.yaml");
    let groups = of_kind(&objects, "PrometheusRule")["spec"]["groups"].as_array().expect("groups");
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
    let alerts: Vec<_> = rules.map(|rule| rule["alert"].as_str().expect("a name")).collect();
    let expected = checks::monitoring::alerts(&workspace_root());
    assert_eq!(alerts, expected.iter().map(|alert| &*alert.name).collect::<Vec<_>>());
    let urls = groups[0]["rules"][0]["annotations"]["runbook_url"].as_str().unwrap_or_default();
    assert!(urls.starts_with("https://docs.example/postern/docs/runbook.md#"), "{urls}");
    // The alerts look for this job, and KEDA for this queue.
    let monitor = of_kind(&objects, "ServiceMonitor");
    let label = monitor["spec"]["jobLabel"].as_str().expect("a label");
    assert_eq!(of_kind(&objects, "Service")["metadata"]["labels"][label], "postern");
    let queue = &of_kind(&objects, "ScaledObject")["spec"]["triggers"][0]["metadata"]["queueName"];
    let names = read("crates/events/src/names.rs");
    assert!(names.contains(&format!("OPEN_REQUESTS_QUEUE: &str = {queue};")), "{queue}");
    assert!(of_kind(&objects, "Deployment")["spec"].get("replicas").is_none(), "KEDA scales");
}

#[test]
fn services_of_the_compose_file_are_closed_off_and_have_the_time_to_stop() {
    let file = &printed(&["compose"])[0];
    for (name, service) in file["services"].as_object().expect("services") {
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        assert!(service["mem_limit"].is_string(), "{name}");
        if service["build"].is_object() {
            assert_eq!(service["read_only"], true, "{name}");
            assert!(service.get("cap_add").is_none(), "{name}");
        }
        if service["secrets"].is_array() {
            let stop = service["stop_grace_period"].as_str().and_then(|it| it.strip_suffix('s'));
            let stop: u64 = stop.and_then(|it| it.parse().ok()).expect("seconds");
            assert!(stop > LEAST_STOP_TIME, "{name}");
            assert!(service["healthcheck"]["test"].is_array(), "{name}");
            let variables = service["environment"].to_string();
            assert!(!variables.contains("KEY") && !variables.contains("PASSWORD"), "{variables}");
        }
    }
    let workers = file["services"].as_object().expect("services").keys();
    assert_eq!(workers.filter(|name| name.starts_with("worker-")).count(), 2);
}
