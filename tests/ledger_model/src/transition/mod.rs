//! The ledger as a function: a record and a request in, a record and a reply out.
//!
//! It is what `claim.lua`, `conclude.lua` and `release.lua` do, without what they do beside the record:
//! the booking, pauses and activations that a claim loads, the commands in flight, audit lines and check-ins.
//! A property test of `consumer` compares the two after every step of random histories.

mod claim;
mod conclude;
mod record;
mod release;
mod settle;

pub use claim::{ClaimReply, ClaimRequest, LoadedRecord, Surroundings, claim};
pub use conclude::{ConcludeReply, ConcludeRequest, conclude};
pub use record::{
    AnswerKind, ClaimHolder, FirstDoubt, LONGER_THAN_ANY_LIMIT, LastCommandResult, OwnerId,
    ProcessId, RecordedAnswer, RequestRecord, Reserved, Subject, Time,
};
pub use release::{ReleaseRequest, release};
pub use settle::{Retention, expire, settle};
