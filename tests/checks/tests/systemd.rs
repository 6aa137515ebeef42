//! The service for systemd is valid and closed off, as far as systemd itself can say without starting it.

use std::process::Command;

use checks::workspace_root;

#[test]
fn systemd_accepts_the_service_and_it_is_closed_off() {
    let script = workspace_root().join("deploy/systemd.sh");
    let output = Command::new(script).arg("check").output().expect("deploy/systemd.sh starts");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Overall exposure level for postern.service: "), "{text}");
}
