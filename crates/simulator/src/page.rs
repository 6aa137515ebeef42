//! The page at `/`: the doors, and the commands as they arrive.

use axum::response::Html;

pub(crate) async fn page() -> Html<&'static str> {
    Html(include_str!("page.html"))
}
