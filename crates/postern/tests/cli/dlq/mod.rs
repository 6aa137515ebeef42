//! `dlq`, on a real broker and a real Redis.

mod dropping;
mod exporting;
mod fixture;
mod letters;
mod listing;
mod many;
mod predicting;
mod replaying;
mod selecting;
