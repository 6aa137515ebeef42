//! `dlq`, on a real broker and a real Redis.

mod bench;
mod dropping;
mod exporting;
mod letters;
mod listing;
mod many;
mod predicting;
mod replaying;
mod selecting;
