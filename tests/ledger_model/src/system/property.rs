//! The names of the properties.

pub const ONE_ANSWER: &str = "an answer does not change";
pub const DOUBT_DENIED: &str = "an answer denies no command in doubt";
pub const AFTER_OUTCOME: &str = "no command after the outcome";
pub const AFTER_EXPIRY: &str = "no command after the expiry";
pub const OLD_STATE: &str = "no command against an old state";
pub const RESEND_WINDOW: &str = "a command in doubt is repeated within its window";
pub const IN_DOUBT_AT_MOST: &str = "at most three commands in doubt";
pub const CONFLICT: &str = "a conflict does not touch the first record";
pub const COUNTERS: &str = "no counter is negative";
pub const NO_DOUBT_FORGOTTEN: &str = "the ledger forgets no command in doubt";
pub const NOT_LOST: &str = "no request is lost";
pub const ALWAYS_POSSIBLE: &str = "an answer is always possible";
