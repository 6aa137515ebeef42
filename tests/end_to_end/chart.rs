//! The Helm chart: a worker with the configuration, arguments and variables that it sets is ready where its probes look, and stops
//! within the time that it allows.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use end_to_end::deadline::SOON;
use end_to_end::setup::Setup;
use serde_json::{Value, json};

/// The port of the pods, which all workers of a machine cannot have.
const PORT: &str = "9464";

/// The container of the workers, and the configuration that it gets.
fn rendered(directory: &Path, values: &Value) -> (Value, String) {
    let file = directory.join("values.json");
    std::fs::write(&file, values.to_string()).expect("the values are written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/manifests.sh");
    let output = Command::new(script).arg("render").arg(file).output().expect("the script starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    let objects: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let of_kind = |kind| objects.iter().find(|it| it["kind"] == kind).expect("it is there");
    let pod = of_kind("Deployment")["spec"]["template"]["spec"].clone();
    let config = of_kind("ConfigMap")["data"]["postern.toml"].as_str().expect("text").to_owned();
    (pod, config)
}

#[tokio::test]
async fn a_worker_runs_as_the_chart_says() {
    let setup = Setup::unactivated().await;
    let toml = setup.settings.to_toml();
    let values = json!({"image": {"repository": "postern"}, "secret": "postern", "config": toml});
    let (pod, config) = rendered(setup.directory(), &values);
    assert_eq!(config.trim_end(), toml.trim_end());
    let container = &pod["containers"][0];
    assert_eq!(container["args"], json!(["--log-format", "json", "worker"]), "as here");
    assert_eq!(container["ports"][0]["containerPort"].to_string(), PORT);

    let mut command = setup.worker("worker");
    for variable in container["env"].as_array().expect("there are variables") {
        let [name, value] = ["name", "value"].map(|it| variable[it].as_str().expect("text"));
        match name {
            "POSTERN_CONFIG" => assert_eq!(value, container["volumeMounts"][0]["mountPath"]),
            "POSTERN__HTTP__LISTEN" => assert_eq!(value, format!("0.0.0.0:{PORT}")),
            _ => command = command.env(name, value),
        }
    }
    let worker = command.start().await;
    for probe in ["livenessProbe", "readinessProbe"] {
        let get = &container[probe]["httpGet"];
        assert_eq!(get["port"], container["ports"][0]["name"], "{probe}");
        let path = get["path"].as_str().expect("a path");
        assert_eq!(worker.status_of(path).await, Some(200), "{probe}");
    }
    let stop = pod["terminationGracePeriodSeconds"].as_u64().expect("seconds");
    assert!(worker.stop(SOON.min(Duration::from_secs(stop))).await.success());
}
