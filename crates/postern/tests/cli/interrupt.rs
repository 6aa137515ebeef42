//! Ctrl-C.

use std::process::{Child, Command, Stdio};

use end_to_end::{
    deadline::{SOON, until_true},
    processes::Terminal,
};

use crate::running::{Postern, bare};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether the process catches SIGINT: before, the signal ends it without a status.
fn catches_interrupts(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 1) != 0
}

#[tokio::test]
async fn a_command_that_waits_for_standard_input_ends_with_status_130() {
    let mut command = bare();
    command.args(["check-event", "-"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // `wait` would close it, and the command would end by itself.
    let _input = child.stdin.take();
    until_true("the handler", SOON, || async { catches_interrupts(&child) }).await;
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_prompt_without_echo_ends_with_status_130_and_leaves_the_echo_on() {
    let set = "POSTERN__SALTO__ENVIRONMENTS__NOWHERE__GUEST_KEYS__";
    let postern = Postern::new()
        .variable(&format!("{set}ACCESS_CODE_PATH"), "/code")
        .variable(&format!("{set}DIGITAL_KEY_PATH"), "/key");
    let arguments = ["guest-key", "create", "--environment", "nowhere"];
    let terminal = Terminal::start(&postern.command(&arguments));
    // Ctrl-C is input while the terminal shows none.
    terminal.type_without_echo("\u{3}", SOON).await;
    let status = terminal.ended(SOON).await;
    assert_eq!(status.code(), Some(130), "{}", terminal.screen());
    assert!(terminal.echoes(), "{}", terminal.screen());
}
