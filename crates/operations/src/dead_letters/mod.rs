//! Dead letters: list, show, replay, drop and export them.
//!
//! All operations read the queue with a [`reader`], one at a time ([`exclusive_session`]). A
//! [`search`] finds the letters that match some [`Criteria`] and changes nothing. An action then handles the
//! letters that were found, one [`mod@for_each`] of them. The [`identity`] of a letter is its id.

mod access;
mod action;
mod connection;
mod document;
mod drop;
mod exclusive_session;
mod export;
mod for_each;
mod identity;
mod info;
mod letter_file;
mod list;
mod message_json;
mod predict;
mod predictor;
mod reader;
mod replay;
mod report;
mod search;
mod selected_letters;
mod selection;
mod show;

pub use access::DeadLetters;
pub use action::Control;
pub use document::LetterDocument;
pub use drop::archive_and_drop;
pub use export::Export;
pub use info::{DeadLetterInfo, SharedText};
pub use letter_file::LetterFile;
pub use list::{LetterGroup, ListedLetter, PREDICTED, groups, list};
pub use predict::{PredictedReplay, predict};
pub use predictor::{PredictedResult, Prediction};
pub use replay::replay;
pub use report::{ActionReport, ActionResult, Handled, HandledLetter};
pub use selected_letters::select;
pub use selection::{Criteria, LetterFilters, not_found};
pub use show::{ShownLetter, show};
