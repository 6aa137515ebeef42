//! Compares the result of a row with the expected one.

use super::row::{End, Row};
use super::sites::Door;
use chrono::TimeDelta;
use end_to_end::broker::Event;
use end_to_end::simulator::OpenCommand;
use rules::FailedReason;

/// The observed result of a row.
pub struct Observed<'a> {
    pub terminal: Event,
    pub commands: Vec<&'a OpenCommand>,
    pub openings: usize,
}

/// A line with the differences from the expected result; none if there are no differences.
pub fn check(row: &Row, door: &Door, observed: &Observed) -> Option<String> {
    let terminal = &observed.terminal;
    let mut differences = Vec::new();
    let mut expect = |what: &str, right: bool, seen: String| {
        if !right {
            differences.push(format!("{what}, found {seen}"));
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
    let commands = observed.commands.len();
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
    let openings = observed.openings;
    expect(
        &format!("{:?} openings", row.openings),
        row.openings.contains(&openings),
        openings.to_string(),
    );
    if let [first, second, ..] = &observed.commands[..] {
        let apart = second.received_at - first.received_at;
        let enough = apart >= TimeDelta::seconds(row.apart.cast_signed());
        expect(&format!("{} s between commands", row.apart), enough, format!("{apart}"));
    }
    let lock = terminal.text("lock_id");
    expect("the row's lock", lock == door.lock, lock.to_owned());
    (!differences.is_empty()).then(|| format!("{}: {}", row.what, differences.join("; ")))
}

/// The class of a reason (docs/contract.md, Outbound), written a second time; a new reason has to be added here.
pub fn class(reason: &str) -> &'static str {
    let reason = FailedReason::from_code(reason);
    match reason.expect("a failed reason of the contract") {
        FailedReason::IqOffline
        | FailedReason::IqRefused
        | FailedReason::PrivacyMode
        | FailedReason::OtpBlocked
        | FailedReason::RateLimited
        | FailedReason::SaltoUnavailable
        | FailedReason::OutcomeUnknown => "temporary",
        FailedReason::IqNotActivated
        | FailedReason::IqReactivationRequired
        | FailedReason::OtpInvalid
        | FailedReason::CredentialsRejected
        | FailedReason::Forbidden
        | FailedReason::LockNotFound => "configuration",
    }
}
