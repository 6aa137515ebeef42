//! `[salto.environments.…]`: the URLs of Salto, and the platform's client.

mod guest_keys;

use std::{collections::BTreeMap, sync::Arc};

use salto::{DEFAULT_SCOPE, Environment};

use super::{
    address,
    mistake::Mistakes,
    reader::Section,
    value::{any_text, text},
    variables::Variables,
};

/// The environments by name; nothing for an environment that has a mistake.
pub(super) type Environments = BTreeMap<String, Option<Arc<Environment>>>;

/// Reads `[salto]`.
pub(super) fn read(
    mut salto: Section<'_>,
    variables: &Variables,
    mistakes: &Mistakes,
) -> Environments {
    let environments = salto.section("environments");
    let read = environments
        .entries()
        .map(|(name, node)| {
            let section = Section::of(node, environments.path_of(name), mistakes);
            (name.to_owned(), environment(name, section, variables).map(Arc::new))
        })
        .collect();
    salto.finish();
    read
}

/// The environments without mistakes.
pub(super) fn without_mistakes(environments: Environments) -> BTreeMap<String, Arc<Environment>> {
    environments.into_iter().filter_map(|(name, environment)| Some((name, environment?))).collect()
}

fn environment(name: &str, mut section: Section<'_>, variables: &Variables) -> Option<Environment> {
    let builtin = Environment::builtin_urls(name);
    let mut url = |key, builtin| {
        let read = |node: &_| any_text(node).and_then(address::salto);
        match builtin {
            Some(builtin) => Some(section.with_default(key, builtin, read)),
            None => {
                let hint = "an https URL (only acceptance and production have built-in ones)";
                section.required(key, hint, read)
            }
        }
    };
    let (identity, api) = builtin.unzip();
    let identity_url = url("identity_url", identity);
    let api_url = url("api_url", api);
    let events_url = section.optional("events_url", |node| address::salto(any_text(node)?));
    let events_url = events_url.or_else(|| Environment::builtin_events_url(name));
    let client_id = section.required("client_id", "the platform's OAuth client", text);
    let has_secret = section.node("client_secret").is_some();
    let client_secret = section.optional_secret("client_secret", variables, Ok);
    let scope = section.with_default("scope", DEFAULT_SCOPE.to_owned(), text);
    let has_guest_keys = section.node("guest_keys").is_some();
    let guest_keys =
        has_guest_keys.then(|| guest_keys::read(section.section("guest_keys"))).flatten();
    section.finish();
    // A wrong secret must not become a missing one: without a secret the client would be public.
    if has_secret && client_secret.is_none() {
        return None;
    }
    Some(Environment {
        name: name.to_owned(),
        identity_url: identity_url?,
        api_url: api_url?,
        events_url,
        client_id: client_id?,
        client_secret,
        scope,
        guest_keys,
    })
}
