//! The service for systemd is valid and closed off, as far as systemd itself can say without starting it.
//!
//! Where there is no `systemd-analyze`, this checks nothing.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use checks::workspace_root;

/// The most exposure that is allowed, of 100: what is left is the network, which a worker needs.
const EXPOSURE: &str = "--threshold=14";

#[test]
fn systemd_accepts_the_service_and_it_is_closed_off() {
    let unit = workspace_root().join("deploy/systemd/postern.service");
    let text = fs::read_to_string(&unit).expect("the service can be read");
    // systemd-analyze requires that the program exists.
    let program = "/usr/local/bin/postern";
    assert!(text.contains(&format!("ExecStart={program} ")), "{text}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("systemd");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let copy = folder.join("postern.service");
    fs::write(&copy, text.replace(program, "/bin/true")).expect("the copy is written");
    for arguments in [&["verify"][..], &["security", "--offline=true", "--no-pager", EXPOSURE]] {
        let output = Command::new("systemd-analyze").args(arguments).arg(&copy).output();
        let output = match output {
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            other => other.expect("systemd-analyze starts"),
        };
        let [found, errors] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        // An unknown key is only a warning.
        assert!(output.status.success() && errors.is_empty(), "{arguments:?}\n{found}{errors}");
    }
}
