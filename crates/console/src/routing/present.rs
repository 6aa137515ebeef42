//! Around all routes: the time limit, the headers, and one form for each error.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

use super::{headers, route::API};
use crate::{app::App, pages::problem_page, problem::Problem};

/// How long an answer may take until it begins, the body of the request included.
const LONGEST: Duration = Duration::from_secs(30);

pub(super) async fn present(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(API);
    let answer = timeout(LONGEST, next.run(request)).await;
    let mut response = answer.unwrap_or_else(|_| {
        let detail = "the answer took longer than 30 s; what was asked may have been done";
        Problem::unavailable("timed_out", detail).into_response()
    });
    if response.status().is_client_error() || response.status().is_server_error() {
        response = in_one_form(response, is_api);
    }
    headers::add(response.headers_mut(), app.has_tls());
    response
}

/// A problem: details for programs, a page for people.
fn in_one_form(response: Response, is_api: bool) -> Response {
    let known = response.extensions().get::<Problem>().cloned();
    let is_known = known.is_some();
    let problem = known.unwrap_or_else(|| Problem::of_status(response.status()));
    if is_api && is_known {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut presented = match is_api {
        true => problem.into_response(),
        // A page that shows the problem itself stays as it is.
        false if response.headers().get(header::CONTENT_TYPE).is_some_and(is_html) => response,
        false => problem_page::of(&problem),
    };
    if let Some(allow) = allow {
        presented.headers_mut().insert(header::ALLOW, allow);
    }
    presented
}

fn is_html(kind: &axum::http::HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"text/html")
}
