//! The page that the browser shows at the end.

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// A page with a title and a text. Its headers keep its own address, which contains the code, out of
/// caches and referrers.
pub(super) fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escaped(title), escaped(text));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>:root {{ color-scheme: light dark }} \
         body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 12vh auto; \
         padding: 1rem }}</style></head>\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (status, headers, Html(html)).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
