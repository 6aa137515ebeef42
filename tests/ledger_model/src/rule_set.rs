//! The rules that the model checks: those of the code, and earlier ones that broke the contract.

/// The present rules, or the present rules with one difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleSet {
    /// The rules of the code.
    Present,
    /// The result of a command is counted by every claim and release that repeats it, and not only for the
    /// attempt that it is about.
    ResultCountedAgain,
    /// A record expires some time after the request, whatever its message waits for, and a dead letter does
    /// not carry the answer.
    AnswerForgotten,
    /// A command leaves however old the state is that it rests on.
    StateOfAnyAge,
    /// An outcome is recorded for any owner, whether it has the claim or not.
    OutcomeOfAnyOwner,
    /// A claim that is applied again reserves again, or undoes its reservation.
    RepeatedClaimReserves,
    /// An outcome other than an opening is recorded where its owner has lost its claim and no other owner
    /// has it.
    OutcomeAfterRelease,
    /// A claim that Redis has lost counts as one that was never granted: the command before it is undone.
    LostClaimUndone,
    /// An outcome is recorded whether or not its owner knows of all commands in doubt.
    OutcomeWithoutDoubts,
}

impl RuleSet {
    /// All earlier rules.
    pub const EARLIER: [Self; 8] = [
        Self::ResultCountedAgain,
        Self::AnswerForgotten,
        Self::StateOfAnyAge,
        Self::OutcomeOfAnyOwner,
        Self::RepeatedClaimReserves,
        Self::OutcomeAfterRelease,
        Self::LostClaimUndone,
        Self::OutcomeWithoutDoubts,
    ];
}
