//! Who calls, and whether it is the person who sits before the page.

pub(crate) mod address;
pub(crate) mod caller;
pub(crate) mod cookie;
pub(crate) mod csrf;
pub(crate) mod digest;
pub(crate) mod token;
