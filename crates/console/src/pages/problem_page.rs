//! A problem as a page.

use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout;
use crate::problem::Problem;

pub(crate) fn of(problem: &Problem) -> Response {
    let content = html! {
        p .problem role="alert" { (problem.detail()) "." }
        p { a href="/" { "To the overview" } }
        p .fine { "Status " (problem.status().as_u16()) ", " code { (problem.code()) } "." }
    };
    (problem.status(), layout::plain(problem.title(), &content)).into_response()
}
