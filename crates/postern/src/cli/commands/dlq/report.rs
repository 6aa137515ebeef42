//! The results of an action for the selected dead letters, as they are printed.

use operations::{dead_letters::Handled, text::join_or_none};

use crate::cli::{
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};

/// Prints the result of each letter, and fails where one failed or was not reached, which an interruption
/// may be the reason of.
pub(super) fn finish(
    handled: Handled,
    output: &Output,
    is_interrupted: bool,
) -> Result<(), CommandFailure> {
    let Handled { letters, ended_by } = handled;
    let printed = output.print_all(&letters, ["ID", "RESULT", "DETAIL"], |letter| {
        let (result, detail) = letter.result.label_and_detail();
        [letter.id.to_string(), result.to_owned(), detail.to_owned()]
    });
    if let Some(error) = ended_by {
        return Err(error.into());
    }
    printed?;
    let count =
        |wanted: &str| letters.iter().filter(|it| it.result.label_and_detail().0 == wanted).count();
    let all = ["replayed", "dropped", "failed", "gone", "left"].map(|it| (it, count(it)));
    let counted = all.iter().filter(|(_, count)| *count > 0);
    let counted: Vec<_> = counted.map(|(label, count)| format!("{count} {label}")).collect();
    let sum = format!("dead letters: {}", join_or_none(&counted));
    if is_interrupted && count("left") > 0 {
        return Err(CommandFailure::Interrupted(sum));
    }
    if count("failed") + count("left") > 0 {
        return Err(CommandFailure::message(sum));
    }
    print_note(&sum);
    Ok(())
}
