//! A path of the Connect API that the configuration names.

use std::{fmt, str::FromStr};

use url::Url;
use uuid::Uuid;

use super::url::below;

/// The placeholder for the site's UUID.
const SITE: &str = "{site_id}";

/// A path below the Connect API's address, with the placeholder `{site_id}` for the site's UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPath(Vec<String>);

/// The text is not such a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiPathError {
    /// The text could lead outside the API's address, or to a query.
    #[error(
        "must be a path such as \"/v1.2/sites/{{site_id}}/something\": it begins with /, has letters, \
         digits, - . _ ~ and : between slashes, no .. and no query"
    )]
    NoPath,
    /// Another name in braces, or braces within other text.
    #[error("must have no other placeholder than {{site_id}}, between two slashes")]
    Placeholder,
}

impl FromStr for ApiPath {
    type Err = ApiPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix('/').ok_or(ApiPathError::NoPath)?;
        let segments = rest.split('/').map(segment).collect::<Result<_, _>>()?;
        Ok(Self(segments))
    }
}

fn segment(text: &str) -> Result<String, ApiPathError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    match text {
        SITE => Ok(text.to_owned()),
        "" | "." | ".." => Err(ApiPathError::NoPath),
        _ if text.contains(['{', '}']) => Err(ApiPathError::Placeholder),
        _ if text.bytes().all(plain) => Ok(text.to_owned()),
        _ => Err(ApiPathError::NoPath),
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl ApiPath {
    /// Whether the path has the placeholder for the site.
    #[must_use]
    pub fn names_site(&self) -> bool {
        self.0.iter().any(|segment| segment == SITE)
    }

    /// The address of the path, with the site's UUID in place of the placeholder.
    pub(crate) fn at(&self, api_url: &Url, site: Option<Uuid>) -> Url {
        let site = site.map_or_else(|| SITE.to_owned(), |site| site.to_string());
        let segments = self.0.iter().map(String::as_str);
        let filled = segments.map(|segment| if segment == SITE { &site } else { segment });
        below(api_url, &filled.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_below_the_apis_address_and_has_the_sites_id() {
        let api: Url = "https://salto.test/connect/".parse().unwrap();
        let path: ApiPath = "/v1.2/sites/{site_id}/codes".parse().unwrap();
        assert!(path.names_site());
        assert_eq!(
            path.at(&api, Some(Uuid::nil())).as_str(),
            "https://salto.test/connect/v1.2/sites/00000000-0000-0000-0000-000000000000/codes"
        );
        let path: ApiPath = "/v1.2/keys".parse().unwrap();
        assert!(!path.names_site());
        assert_eq!(path.at(&api, None).as_str(), "https://salto.test/connect/v1.2/keys");
    }

    #[test]
    fn text_that_could_lead_elsewhere_is_rejected() {
        for text in [
            "",
            "/",
            "v1.2/keys",
            "//host/keys",
            "/a//b",
            "/a/",
            "/a/../b",
            "/./a",
            "/a?b=c",
            "/a#b",
            "/a%2e%2e/b",
            "/a b",
            "/ä",
            "https://host/a",
            "/a\\b",
            "/a\n",
        ] {
            assert_eq!(text.parse::<ApiPath>(), Err(ApiPathError::NoPath), "{text:?}");
        }
        for text in ["/{site}/a", "/{site_uid}", "/a{site_id}", "/{site_id}.json", "/{}", "/a}"] {
            assert_eq!(text.parse::<ApiPath>(), Err(ApiPathError::Placeholder), "{text:?}");
        }
    }
}
