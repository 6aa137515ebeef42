//! What all pages have around their content.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::access::{
    caller::{Caller, CallerSession},
    csrf,
};

/// The pages that the navigation leads to.
const NAVIGATION: [(&str, &str); 4] = [
    ("/", "Overview"),
    ("/requests", "Requests"),
    ("/dead-letters", "Dead letters"),
    ("/audit", "Audit"),
];

/// The seconds after which a page about what goes on is loaded anew, where no script follows it.
const REFRESH: u32 = 2;

/// A page for a user who is signed in. `path`: where it is, for the navigation.
pub(crate) fn page(caller: &Caller, path: &str, title: &str, content: &Markup) -> Response {
    signed_in(caller, path, title, &html! {}, content)
}

/// A page about what goes on: it is loaded anew by itself, where no script follows it.
pub(crate) fn refreshing(caller: &Caller, title: &str, content: &Markup) -> Response {
    let refresh = html! { noscript { meta http-equiv="refresh" content=(REFRESH); } };
    signed_in(caller, "", title, &refresh, content)
}

fn signed_in(
    caller: &Caller,
    path: &str,
    title: &str,
    head: &Markup,
    content: &Markup,
) -> Response {
    let header = html! {
        nav aria-label="Pages" {
            ul {
                @for (to, name) in NAVIGATION {
                    li { a href=(to) aria-current=[(to == path).then_some("page")] { (name) } }
                }
            }
        }
        @if let Some(session) = &caller.session {
            form .signed-in method="post" action="/sign-out" {
                span { (caller.name) " (" (caller.grant.role.code()) ")" }
                (csrf_field(session))
                button type="submit" { "Sign out" }
            }
        }
    };
    whole(title, head, &header, content)
}

/// A page for anybody.
pub(crate) fn plain(title: &str, content: &Markup) -> Response {
    whole(title, &html! {}, &html! {}, content)
}

/// The field that every form of a session has.
pub(crate) fn csrf_field(session: &CallerSession) -> Markup {
    html! { input type="hidden" name=(csrf::FIELD) value=(session.csrf); }
}

fn whole(title: &str, head: &Markup, header: &Markup, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – postern" }
                (head)
                link rel="stylesheet" href="/assets/console.css";
                script src="/assets/console.js" defer {}
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                header {
                    a .brand href="/" { "postern" }
                    (header)
                }
                main #content tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
                footer { p { "Times are in UTC" span data-zone="" {} "." } }
            }
        }
    };
    Html(page.into_string()).into_response()
}
