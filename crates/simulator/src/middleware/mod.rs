//! What every request or answer passes, whatever its route: counting and faults, the body of
//! refusals, the `Date` header.

mod account;
mod date;
mod error_body;
mod failure;
mod fault_injection;

pub(crate) use self::date::add_date;
pub(crate) use self::error_body::add_error_body;
pub(crate) use self::fault_injection::inject_faults;
