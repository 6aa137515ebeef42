//! Lists: pages of 20 with a link to the next, or bare arrays. [M]

use std::ops::Range;

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::refusal::Verdict;
use crate::answer::{base_url, json_answer};
use crate::world::ListForm;

const PAGE_SIZE: usize = 20;

/// `$top`, `$skip` and `$orderby`. `$filter` is refused rather than ignored.
pub(super) struct Query {
    top: Option<usize>,
    skip: usize,
    pub(super) order_by: Option<String>,
}

impl Query {
    pub(super) fn parse(uri: &Uri) -> Result<Self, Verdict> {
        let mut query = Self { top: None, skip: 0, order_by: None };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "$top" => {
                    query.top =
                        Some(number(&value).filter(|top| *top > 0).ok_or(Verdict::BadRequest)?)
                }
                "$skip" => query.skip = number(&value).ok_or(Verdict::BadRequest)?,
                "$orderby" => query.order_by = Some(value.into_owned()),
                _ => return Err(Verdict::BadRequest),
            }
        }
        Ok(query)
    }

    /// For lists whose order is fixed.
    pub(super) fn parse_unordered(uri: &Uri) -> Result<Self, Verdict> {
        let query = Self::parse(uri)?;
        if query.order_by.is_none() { Ok(query) } else { Err(Verdict::BadRequest) }
    }

    /// Answers with the items that were asked for out of `total`.
    pub(super) fn answer(
        &self,
        form: ListForm,
        (headers, uri): (&HeaderMap, &Uri),
        total: usize,
        items: impl FnOnce(Range<usize>) -> Vec<Value>,
    ) -> Response {
        let most = match form {
            ListForm::Pages => self.top.unwrap_or(PAGE_SIZE).min(PAGE_SIZE),
            ListForm::Array => self.top.unwrap_or(total),
        };
        let start = self.skip.min(total);
        let end = start.saturating_add(most).min(total);
        let items = items(start..end);
        let body = match form {
            ListForm::Pages => {
                let more = end < total;
                let link = more.then(|| self.link(&base_url(headers), uri.path(), most, end));
                json!({"items": items, "next_page_link": link, "count": total})
            }
            ListForm::Array => Value::Array(items),
        };
        json_answer(StatusCode::OK, &body)
    }

    fn link(&self, base: &str, path: &str, top: usize, skip: usize) -> String {
        let mut link = format!("{base}{path}?$top={top}&$skip={skip}");
        if let Some(order) = &self.order_by {
            link.push_str("&$orderby=");
            link.extend(form_urlencoded::byte_serialize(order.as_bytes()));
        }
        link
    }
}

fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Query, Verdict> {
        Query::parse(&format!("/v1.2/sites?{text}").parse().unwrap())
    }

    #[test]
    fn options_are_read_strictly() {
        let good =
            query("$top=5&%24skip=10&$orderby=utc_date_time%20desc").unwrap_or_else(|_| panic!());
        assert_eq!((good.top, good.skip), (Some(5), 10));
        assert_eq!(good.order_by.as_deref(), Some("utc_date_time desc"));
        for bad in ["$top=0", "$top=-1", "$top=x", "$top=", "$skip=1.5", "$filter=a", "page=2"] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_link_goes_on_where_the_page_ends_with_the_same_options() {
        let query = query("$top=5&$orderby=utc_date_time+desc").unwrap_or_else(|_| panic!());
        assert_eq!(
            query.link("http://127.0.0.1:1", "/v1.1/x", 5, 15),
            "http://127.0.0.1:1/v1.1/x?$top=5&$skip=15&$orderby=utc_date_time+desc"
        );
    }
}
