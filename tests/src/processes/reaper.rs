//! Ends all child processes when the test process ends in any way.
//!
//! A child is ended when it is dropped; but a test process that is killed drops nothing. Therefore a small shell in a
//! process group of its own reads from a pipe which process groups run, and ends them when the pipe closes.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

const SCRIPT: &str = r#"
trap '' HUP INT TERM
declare -A groups
while read -r verb group; do
  if [[ $verb == watch ]]; then groups[$group]=1; else unset "groups[$group]"; fi
done
for group in "${!groups[@]}"; do kill -KILL -- "-$group" 2>/dev/null; done
"#;

static REAPER: LazyLock<Mutex<Child>> = LazyLock::new(|| {
    let shell = Command::new("bash")
        .args(["-c", SCRIPT])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash starts");
    Mutex::new(shell)
});

/// Ends this process group if the test process ends without dropping it.
pub(super) fn watch(group: i32) {
    send("watch", group);
}

/// The group has ended.
pub(super) fn forget(group: i32) {
    send("forget", group);
}

fn send(verb: &str, group: i32) {
    let mut shell = REAPER.lock().expect("no holder panics");
    let pipe = shell.stdin.as_mut().expect("its input is piped");
    // A line is written in one piece. If the shell has ended, Drop still ends the group.
    let _ = pipe.write_all(format!("{verb} {group}\n").as_bytes());
}
