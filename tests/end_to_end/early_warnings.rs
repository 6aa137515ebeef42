//! Early warnings: bookings whose doors could not be opened, and what all doors of an integration depend on.

mod attention;
mod bookings;
mod fixture;
mod many;
mod takeover;
