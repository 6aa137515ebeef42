//! One-time passwords that an operator's command sends to an IQ: for one operator at a time ([`iq_lease`]), with the
//! results that workers and operators share ([`results`]).

pub(crate) mod attempts;
mod iq_lease;
pub(crate) mod results;
