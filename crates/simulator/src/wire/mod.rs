//! HTTP as it goes over the wire: answers, refusals, request headers, and connections that can be
//! broken on purpose. Nothing here knows the state of the cloud.

mod answer;
mod connection;
mod json_name;
mod refusal;
mod request_headers;

pub(crate) use self::answer::{empty_answer, json_answer, text_answer};
pub(crate) use self::connection::{AnswerEnding, BreakableListener, ConnectionControl};
pub(crate) use self::json_name::json_name;
pub(crate) use self::refusal::{Refusal, RefusalAnswer};
pub(crate) use self::request_headers::{base_url, bearer_token, media_type};
