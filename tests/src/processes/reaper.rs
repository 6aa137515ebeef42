//! Nothing outlives the test process, however it ends.
//!
//! Dropping a child ends it; but a test process may be killed, and then drops nothing. So one small shell in a process
//! group of its own reads from a pipe which groups are alive, and when the pipe closes it ends them.

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

/// Ends this process group should the test process vanish.
pub(super) fn watch(group: i32) {
    tell("watch", group);
}

/// The group is gone.
pub(super) fn forget(group: i32) {
    tell("forget", group);
}

fn tell(verb: &str, group: i32) {
    let mut shell = REAPER.lock().expect("no holder panics");
    let pipe = shell.stdin.as_mut().expect("its input is piped");
    // A line is written in one piece. Should the shell be gone, Drop still does its part.
    let _ = pipe.write_all(format!("{verb} {group}\n").as_bytes());
}
