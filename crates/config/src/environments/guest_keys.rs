//! `[salto.environments.NAME.guest_keys]`: Digital Key for Guests, as agreed with Salto.

use salto::{ApiPath, DEFAULT_CODE_PARAMETER, GuestKeys};

use crate::{
    reader::Section,
    tree::Node,
    value::{any_text, text, visible_ascii},
};

/// The other parameters in the form of the token request.
const OTHER_PARAMETERS: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

const UNPUBLISHED: &str = "which Salto has not published: your contract with Salto contains it";

/// Reads the section.
pub(super) fn read(mut section: Section<'_>) -> Option<GuestKeys> {
    let hint = format!("the path below api_url at which access codes are requested, {UNPUBLISHED}");
    let access_code_path = section.required("access_code_path", &hint, path);
    let hint = format!("the path below api_url at which digital keys are created, {UNPUBLISHED}");
    let digital_key_path = section.required("digital_key_path", &hint, path_without_site);
    let code_parameter =
        section.with_default("code_parameter", DEFAULT_CODE_PARAMETER.to_owned(), code_parameter);
    let scope = section.optional("scope", text);
    section.finish();
    Some(GuestKeys {
        access_code_path: access_code_path?,
        digital_key_path: digital_key_path?,
        code_parameter,
        scope,
    })
}

fn path(node: &Node) -> Result<ApiPath, String> {
    any_text(node)?.parse().map_err(|error: salto::ApiPathError| error.to_string())
}

fn path_without_site(node: &Node) -> Result<ApiPath, String> {
    let path = path(node)?;
    if path.names_site() {
        return Err("must not contain {site_id}: a guest's app knows no site".to_owned());
    }
    Ok(path)
}

fn code_parameter(node: &Node) -> Result<String, String> {
    let name = visible_ascii(node)?;
    if OTHER_PARAMETERS.contains(&name.as_str()) {
        return Err(format!("must be none of {}, which are sent too", OTHER_PARAMETERS.join(", ")));
    }
    Ok(name)
}
