//! The result of a command, and assertions about it.

use std::process::Output;

/// The result of a command.
#[derive(Debug)]
pub(super) struct CommandOutput {
    pub(super) status: Option<i32>,
    /// Standard output.
    pub(super) stdout: String,
    /// Standard error.
    pub(super) stderr: String,
}

impl CommandOutput {
    pub(super) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
        Self {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The command succeeded and printed exactly this; spaces at both ends of lines are ignored.
    #[track_caller]
    pub(super) fn assert_done(&self, stdout: &str) {
        assert_eq!(
            (self.status, normalized(&self.stdout)),
            (Some(0), normalized(stdout)),
            "{self:?}"
        );
    }

    /// The command ended with this status, printed nothing, and wrote exactly this to standard error.
    #[track_caller]
    pub(super) fn assert_fails(&self, status: i32, stderr: &str) {
        assert_eq!((self.status, self.stdout.as_str()), (Some(status), ""), "{self:?}");
        assert_eq!(normalized(&self.stderr), normalized(stderr));
    }

    /// The command printed this line, or these lines.
    #[track_caller]
    pub(super) fn assert_shows(&self, lines: &str) -> &Self {
        assert!(normalized(&self.stdout).contains(&normalized(lines)), "{lines}\nin {self:?}");
        self
    }

    /// The first cell of the row that contains this word.
    #[track_caller]
    pub(super) fn id_in_row_with(&self, word: &str) -> String {
        let row = self.stdout.lines().find(|row| row.split_whitespace().any(|cell| cell == word));
        let row = row.unwrap_or_else(|| panic!("{word} in {self:?}"));
        row.split_whitespace().next().expect("a row has cells").to_owned()
    }

    /// The suggested command in backticks, without the program's name.
    #[track_caller]
    pub(super) fn suggested_command(&self) -> String {
        let (_, output) = self.stdout.split_once("`postern ").unwrap_or_else(|| panic!("{self:?}"));
        output.split_once('`').expect("the command ends").0.to_owned()
    }
}

/// The text without numbers that differ between runs, and without layout spaces.
fn normalized(text: &str) -> String {
    let stderr = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim().lines().map(stderr).collect::<Vec<_>>().join("\n");
    ["no call is sent for ", "a pause of another "].iter().fold(text, |text, before| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let rest = part.trim_start_matches(|it: char| it.is_ascii_digit() || it == '…');
            format!("{text}{before}…{rest}")
        })
    })
}
