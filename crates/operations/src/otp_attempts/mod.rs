//! One-time passwords that an operation sends to an IQ: for one operator at a time ([`iq_lease`]), with the
//! results that workers and operators share ([`results`]).

mod attempts;
mod iq_lease;
mod results;

pub(crate) use attempts::{OtpAttempts, OtpInput};
pub(crate) use results::OtpResults;
