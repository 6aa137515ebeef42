//! Addresses below a base address.

use url::Url;

/// `base` with further path segments, each percent-encoded.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_appended_and_encoded_for_every_form_of_base() {
        let base = Url::parse("http://127.0.0.1:1/salto/").unwrap();
        assert_eq!(below(&base, &["v1.2", "a/b?c"]).path(), "/salto/v1.2/a%2Fb%3Fc");
        let bare = Url::parse("http://127.0.0.1:1").unwrap();
        assert_eq!(below(&bare, &["sites"]).path(), "/sites");
    }
}
