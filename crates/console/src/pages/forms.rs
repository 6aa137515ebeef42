//! What pages send.

use axum::{
    Form,
    extract::rejection::FormRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use crate::{
    access::caller::{Caller, CallerSession},
    problem::Problem,
};

/// A form, where it can be read.
pub(super) type Sent<T> = Result<Form<T>, FormRejection>;

pub(super) fn read<T>(sent: Sent<T>) -> Result<T, Problem> {
    let unreadable = |error: FormRejection| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Problem::bad_request(error.body_text()),
    };
    sent.map(|Form(form)| form).map_err(unreadable)
}

/// Pages are for people, who have sessions.
pub(super) fn session(caller: &Caller) -> Result<&CallerSession, Problem> {
    caller.session.as_ref().ok_or_else(Problem::internal)
}

/// Why what was sent was not done; at the top of the page that it was sent from.
pub(super) fn refusal(problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            p .problem role="alert" { (super::texts::with_code(problem.detail())) "." }
        }
    }
}

/// The page with the refusal; where the page itself cannot be made, the refusal alone.
pub(super) fn refused(problem: Problem, page: Result<Response, Problem>) -> Response {
    match page {
        Ok(page) => (problem.status(), page).into_response(),
        Err(_) => problem.into_response(),
    }
}
