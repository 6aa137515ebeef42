//! What a row came to, beside what it says.

use super::row::{End, Row};
use super::stage::Door;
use chrono::TimeDelta;
use end_to_end::broker::Event;
use end_to_end::simulator::OpenCommand;

/// What was seen of a row.
pub struct Found<'a> {
    pub terminal: Event,
    pub commands: Vec<&'a OpenCommand>,
    pub openings: usize,
}

/// A line that says what is wrong; none where all is as the row says.
pub fn judge(row: &Row, door: &Door, found: &Found) -> Option<String> {
    let terminal = &found.terminal;
    let mut wrong = Vec::new();
    let mut expect = |what: &str, right: bool, seen: String| {
        if !right {
            wrong.push(format!("{what}, found {seen}"));
        }
    };
    let seen = (&*terminal.kind, terminal.text("reason"), terminal.text("class"));
    let failed = |reason| ("lock.open-failed.v1", reason, class(reason));
    let ends = match row.end {
        End::Opened | End::OpenedByLog => vec![("lock.opened.v1", "", "")],
        End::Failed(reason) => vec![failed(reason)],
        End::FailedEither(one, other) => vec![failed(one), failed(other)],
    };
    expect(
        &format!("{:?}", row.end),
        ends.contains(&seen),
        format!("{seen:?} ({})", terminal.text("detail")),
    );
    let commands = found.commands.len();
    expect(
        &format!("{:?} commands", row.commands),
        row.commands.contains(&commands),
        commands.to_string(),
    );
    let attempts = &terminal.data["attempts"];
    expect(
        "as many attempts as commands",
        *attempts == commands,
        format!("{attempts} and {commands}"),
    );
    let openings = found.openings;
    expect(
        &format!("{:?} openings", row.openings),
        row.openings.contains(&openings),
        openings.to_string(),
    );
    if let [first, second, ..] = &found.commands[..] {
        let apart = second.received_at - first.received_at;
        let enough = apart >= TimeDelta::seconds(row.apart.cast_signed());
        expect(&format!("{} s of quiet", row.apart), enough, format!("{apart}"));
    }
    let lock = terminal.text("lock_id");
    expect("the row's lock", lock == door.lock, lock.to_owned());
    (!wrong.is_empty()).then(|| format!("{}: {}", row.what, wrong.join("; ")))
}

/// As the contract has it.
fn class(reason: &str) -> &'static str {
    match reason {
        "iq_offline" | "otp_blocked" | "rate_limited" | "salto_unavailable" | "outcome_unknown" => {
            "temporary"
        }
        "iq_not_activated"
        | "iq_reactivation_required"
        | "otp_invalid"
        | "credentials_rejected"
        | "forbidden"
        | "lock_not_found" => "configuration",
        other => panic!("{other} is no reason of the contract's"),
    }
}
