//! The query of a list and its answer: pages of 20 items with a link to the next page, or arrays
//! (`docs/salto-ks.md`, Connect API).

use std::ops::Range;

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::wire::{Refusal, base_url, json_answer};
use crate::world::ListForm;

const PAGE_SIZE: usize = 20;

/// `$top`, `$skip` and `$orderby` of a request. Any other parameter, `$filter` included, is refused.
pub(super) struct ListQuery {
    /// The URL of the list without its query.
    url: String,
    pub(super) top: Option<usize>,
    skip: usize,
    pub(super) order_by: Option<String>,
}

impl ListQuery {
    pub(super) fn parse(headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        let url = format!("{}{}", base_url(headers), uri.path());
        let mut query = Self { url, top: None, skip: 0, order_by: None };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "$top" => {
                    query.top =
                        Some(number(&value).filter(|top| *top > 0).ok_or(Refusal::BadRequest)?)
                }
                "$skip" => query.skip = number(&value).ok_or(Refusal::BadRequest)?,
                "$orderby" => query.order_by = Some(value.into_owned()),
                _ => return Err(Refusal::BadRequest),
            }
        }
        Ok(query)
    }

    /// For lists that have one order only: `$orderby` is refused.
    pub(super) fn parse_unordered(headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        let query = Self::parse(headers, uri)?;
        if query.order_by.is_none() { Ok(query) } else { Err(Refusal::BadRequest) }
    }

    /// Answers with the requested part of a list of `total` items.
    pub(super) fn answer(
        &self,
        form: ListForm,
        total: usize,
        items: impl FnOnce(Range<usize>) -> Vec<Value>,
    ) -> Response {
        let limit = match form {
            ListForm::Pages => self.top.unwrap_or(PAGE_SIZE).min(PAGE_SIZE),
            ListForm::Array => self.top.unwrap_or(total),
        };
        let start = self.skip.min(total);
        let end = start.saturating_add(limit).min(total);
        let items = items(start..end);
        let body = match form {
            ListForm::Pages => {
                let next_page = (end < total).then(|| self.link(limit, end));
                json!({"items": items, "next_page_link": next_page, "count": null})
            }
            ListForm::Array => Value::Array(items),
        };
        json_answer(StatusCode::OK, &body)
    }

    fn link(&self, top: usize, skip: usize) -> String {
        let mut link = format!("{}?$top={top}&$skip={skip}", self.url);
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
    use axum::http::{HeaderValue, header};

    use super::*;

    fn query(text: &str) -> Result<ListQuery, Refusal> {
        let host = HeaderValue::from_static("127.0.0.1:1");
        let headers = HeaderMap::from_iter([(header::HOST, host)]);
        ListQuery::parse(&headers, &format!("/v1.1/x?{text}").parse().unwrap())
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
    fn the_link_continues_after_the_page_with_the_same_options() {
        let query = query("$top=5&$orderby=utc_date_time+desc").unwrap_or_else(|_| panic!());
        assert_eq!(
            query.link(5, 15),
            "http://127.0.0.1:1/v1.1/x?$top=5&$skip=15&$orderby=utc_date_time+desc"
        );
    }
}
