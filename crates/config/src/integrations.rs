//! `[[integrations]]`: the customers, their accounts at Salto, and the rules for their doors.

mod doors;
mod openings;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use consumer::IntegrationSettings;
use rules::IntegrationRules;
use salto::{Account, Environment, OtpScheme, SignIn};
use serde_json::{Map, Value as Json};

use super::{
    address, defaults,
    environments::Environments,
    json,
    mistake::Mistakes,
    reader::{Section, nearest},
    tree::{Node, Table, Value},
    value::{any_text, boolean, duration, integer, lock, text, texts},
    variables::Variables,
};

/// One week, the largest value of `minutes_before` and `minutes_after`, and of `warn_before`.
const MAX_MINUTES: u32 = 7 * 24 * 60;
const LONGEST_WARNING: Duration = Duration::from_secs(7 * 24 * 3600);

/// Reads `[[integrations]]`; returns those without mistakes.
pub(super) fn read(
    node: Option<&Node>,
    environments: &Environments,
    variables: &Variables,
    mistakes: &Mistakes,
) -> Vec<IntegrationSettings> {
    let Some(node) = node else { return Vec::new() };
    let Value::List(items) = &node.value else {
        mistakes.add(&node.origin, "integrations", "must be a list: write [[integrations]]");
        return Vec::new();
    };
    let mut ids = BTreeSet::new();
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let mut section = Section::of(item, path(index, item), mistakes);
            let id = id(&mut section, &mut ids);
            let read = integration(&mut section, id, environments, variables, mistakes);
            section.finish();
            read
        })
        .collect()
}

/// The integrations by id: the keys that were set, without the password.
pub(super) fn documents(node: Option<&Node>) -> BTreeMap<String, Map<String, Json>> {
    let Some(Value::List(items)) = node.map(|node| &node.value) else { return BTreeMap::new() };
    let documents = items.iter().filter_map(|item| {
        let Value::Table(table) = &item.value else { return None };
        let id = table.get("id").and_then(|id| any_text(id).ok())?;
        Some((id.to_owned(), json::document(table)))
    });
    documents.collect()
}

/// Reads an integration that is a document of its own.
pub(super) fn read_document(
    document: &Table,
    environments: &Environments,
    variables: &Variables,
    mistakes: &Mistakes,
) -> Option<IntegrationSettings> {
    let mut section = Section::root(document, mistakes);
    let id = id(&mut section, &mut BTreeSet::new());
    let read = integration(&mut section, id, environments, variables, mistakes);
    section.finish();
    read
}

/// The position of the integration, and its id, where there is one.
fn path(index: usize, item: &Node) -> String {
    let Value::Table(table) = &item.value else { return format!("integrations[{index}]") };
    match table.get("id").and_then(|id| any_text(id).ok()) {
        Some(id) if !id.is_empty() => format!("integrations[{index}] ({})", id.escape_debug()),
        Some(_) | None => format!("integrations[{index}]"),
    }
}

fn id(section: &mut Section<'_>, ids: &mut BTreeSet<String>) -> Option<String> {
    let max = events::limits::INTEGRATION_ID;
    let id = section.required("id", "the name that events use", |node| match text(node)? {
        id if id.len() > max => Err(format!("must be at most {max} bytes")),
        id if id.contains(char::is_control) => {
            Err("must be on one line, without control characters".to_owned())
        }
        id => Ok(id),
    })?;
    if !ids.insert(id.clone()) {
        section.add_mistake_with_value("id", "is taken: an earlier integration has the same");
    }
    Some(id)
}

fn integration(
    section: &mut Section<'_>,
    id: Option<String>,
    environments: &Environments,
    variables: &Variables,
    mistakes: &Mistakes,
) -> Option<IntegrationSettings> {
    let environment =
        section.required("environment", "the name of one under [salto.environments]", |node| {
            named_environment(any_text(node)?, environments)
        });
    let account = account(section, variables);
    if let (Some(environment), Some(account)) = (&environment, &account) {
        let environment = environments.get(environment).and_then(Option::as_deref);
        require_client_secret(section, environment, &account.sign_in);
    }
    let hint = "the booking statuses that open doors, such as [\"confirmed\", \"paid\"]";
    let open_from_statuses = section.required("open_from_statuses", hint, texts);
    let ask_entries = section.with_default("ask_entries", defaults::ASK_ENTRIES, boolean);
    let warn_before = section.with_default("warn_before", defaults::WARN_BEFORE, |node| {
        duration(node, Duration::ZERO..=LONGEST_WARNING)
    });
    let environment_settings =
        environment.as_ref().and_then(|name| environments.get(name)).and_then(Option::as_deref);
    let confirm_openings = openings::confirm(section, environment_settings);
    let mode = openings::mode(section);
    let rules = IntegrationRules {
        id: id.unwrap_or_default(),
        active: section.with_default("active", defaults::ACTIVE, boolean),
        open_from_statuses: open_from_statuses.clone().unwrap_or_default(),
        minutes_before: section.with_default("minutes_before", defaults::MINUTES_BEFORE, |node| {
            integer(node, 0..=MAX_MINUTES)
        }),
        minutes_after: section.with_default("minutes_after", defaults::MINUTES_AFTER, |node| {
            integer(node, 0..=MAX_MINUTES)
        }),
        check_in_status: section.optional("check_in_status", text),
        record_opened_at_in: section.optional("record_opened_at_in", text),
        default_lock: section.optional("default_lock", lock),
        locks: doors::locks(section.section("locks"), mistakes),
        shared_doors: doors::shared_doors(section.section("shared_doors"), mistakes),
    };
    let (environment, account) = (environment?, account?);
    Some(IntegrationSettings {
        rules,
        mode,
        environment,
        ask_entries,
        warn_before,
        confirm_openings,
        account,
        stored_version: None,
    })
}

fn named_environment(name: &str, environments: &Environments) -> Result<String, String> {
    if environments.contains_key(name) {
        return Ok(name.to_owned());
    }
    if Environment::builtin_urls(name).is_some() {
        return Err(format!(
            "{name} has built-in URLs, and needs client_id and client_secret in \
             [salto.environments.{name}]"
        ));
    }
    let names: Vec<&str> = environments.keys().map(String::as_str).collect();
    Err(match (names.as_slice(), nearest(name, names.iter().copied())) {
        ([], _) => "names no environment: there is no [salto.environments.…]".to_owned(),
        (_, Some(near)) => format!("names no environment; did you mean {near}?"),
        (names, None) => format!("names no environment; known: {}", names.join(", ")),
    })
}

fn account(section: &mut Section<'_>, variables: &Variables) -> Option<Account> {
    let site_uid = section.required("site_uid", "the site's UID, such as \"NL6254340082\"", text);
    let sign_in = sign_in(section, variables);
    let otp_scheme = section.with_default("otp_scheme", OtpScheme::default(), |node| {
        any_text(node)?.parse().map_err(|_| {
            let allowed = OtpScheme::ALL.map(|scheme| format!("\"{}\"", scheme.as_str()));
            format!("must be {}", allowed.join(" or "))
        })
    });
    Some(Account { sign_in: sign_in?, site_uid: site_uid?, otp_scheme })
}

/// The flow by which the user of the integration signs in at Salto.
#[derive(Clone, Copy)]
enum Flow {
    Password,
    AuthorizationCode,
}

fn sign_in(section: &mut Section<'_>, variables: &Variables) -> Option<SignIn> {
    let flow = section.with_default("flow", Some(Flow::Password), |node| match any_text(node)? {
        "password" => Ok(Some(Flow::Password)),
        "authorization_code" => Ok(Some(Flow::AuthorizationCode)),
        _ => Err("must be \"password\" or \"authorization_code\"".to_owned()),
    });
    match flow? {
        Flow::Password => {
            let username = section.required("username", "the system user's name at Salto", text);
            let hint = "the system user's password, { env = \"NAME\" } or { file = \"PATH\" }";
            let password = section.required_secret("password", hint, variables, Ok);
            reject_key_of_other_flow(section, "redirect_uri", "\"authorization_code\"");
            Some(SignIn::Password { username: username?, password: password? })
        }
        Flow::AuthorizationCode => {
            let hint = "the one registered for the client, such as \
                        \"http://127.0.0.1:8765/signed-in\"";
            let redirect_uri =
                section.required("redirect_uri", hint, |node| address::redirect(any_text(node)?));
            reject_key_of_other_flow(section, "username", "\"password\"");
            reject_key_of_other_flow(section, "password", "\"password\"");
            Some(SignIn::Browser { redirect_uri: redirect_uri? })
        }
    }
}

/// Adds a mistake for a key of another flow, which would have no effect.
fn reject_key_of_other_flow(section: &mut Section<'_>, key: &'static str, flow: &str) {
    if section.node(key).is_some() {
        section.add_mistake(key, format!("is for flow = {flow} only"));
    }
}

/// The flow `password` requires the secret of the client (docs/salto-ks.md, Tokens); a public client has
/// none.
fn require_client_secret(
    section: &mut Section<'_>,
    environment: Option<&Environment>,
    sign_in: &SignIn,
) {
    match (sign_in, environment) {
        (SignIn::Password { .. }, Some(Environment { client_secret: None, name, .. })) => {
            let what = format!(
                "needs client_secret in [salto.environments.{name}] (only flow = \
                 \"authorization_code\" works without one)"
            );
            section.add_mistake_with_value("environment", what);
        }
        (SignIn::Password { .. } | SignIn::Browser { .. }, _) => {}
    }
}
