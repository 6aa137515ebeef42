//! One user, one token.

use argon2::{Algorithm, Params, PasswordHash};
use secrecy::{ExposeSecret, SecretString};

use super::{ConsoleToken, ConsoleUser, Grant, Role};
use crate::{
    reader::Section,
    tree::Node,
    value::{any_text, text, texts},
    variables::Variables,
};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 100;
/// The most work that a hash may ask for: checking a password must not take the machine. KiB, passes, lanes.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

pub(super) fn user(section: &mut Section<'_>, variables: &Variables) -> Option<ConsoleUser> {
    let name = section.required("name", "the name to sign in with", name);
    let hint = "what `postern console hash-password` prints";
    let password_hash =
        section.required_secret("password_hash", hint, variables, checked_password_hash);
    let grant = grant(section);
    Some(ConsoleUser { name: name?, password_hash: password_hash?, grant: grant? })
}

pub(super) fn token(section: &mut Section<'_>, variables: &Variables) -> Option<ConsoleToken> {
    let name = section.required("name", "the name of the program that uses it", name);
    let hint = "the hash that `postern console new-token` prints";
    let hash = section.required_secret("hash", hint, variables, |text| token_hash(&text));
    let grant = grant(section);
    Some(ConsoleToken { name: name?, hash: hash?, grant: grant? })
}

fn grant(section: &mut Section<'_>) -> Option<Grant> {
    let role = section.required("role", "\"viewer\", \"operator\" or \"admin\"", role);
    let integrations = section.optional("integrations", texts);
    Some(Grant { role: role?, integrations: integrations.map(|ids| ids.into_iter().collect()) })
}

fn name(node: &Node) -> Result<String, String> {
    let name = text(node)?;
    match name.len() <= LONGEST_NAME && name == name.trim() && !name.contains(char::is_control) {
        true => Ok(name),
        false => Err(format!(
            "must be at most {LONGEST_NAME} bytes, without control characters and spaces around it"
        )),
    }
}

fn role(node: &Node) -> Result<Role, String> {
    let code = any_text(node).unwrap_or_default();
    Role::ALL
        .into_iter()
        .find(|role| role.code() == code)
        .ok_or_else(|| "must be \"viewer\", \"operator\" or \"admin\"".to_owned())
}

/// Checks that passwords can be compared with it, with work that any machine has.
fn checked_password_hash(hash: SecretString) -> Result<SecretString, String> {
    let allowed = "must be an argon2id hash, as `postern console hash-password` prints it";
    let parsed = PasswordHash::new(hash.expose_secret()).map_err(|_| allowed)?;
    if parsed.algorithm != Algorithm::Argon2id.ident() || parsed.hash.is_none() {
        return Err(allowed.to_owned());
    }
    let params = Params::try_from(&parsed).map_err(|_| allowed)?;
    if params.m_cost() > MOST_MEMORY
        || params.t_cost() > MOST_PASSES
        || params.p_cost() > MOST_LANES
    {
        return Err(format!(
            "asks for too much work: at most m={MOST_MEMORY} (KiB), t={MOST_PASSES} and p={MOST_LANES}"
        ));
    }
    Ok(hash)
}

fn token_hash(text: &SecretString) -> Result<[u8; 32], String> {
    let digits = text.expose_secret();
    let mut hash = [0; 32];
    let is_hex = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let read = |(index, byte): (usize, &mut u8)| {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
        Some(())
    };
    if is_hex && hash.iter_mut().enumerate().all(|pair| read(pair).is_some()) {
        return Ok(hash);
    }
    Err("must be the 64 hexadecimal digits that `postern console new-token` prints as hash, not the token"
        .to_owned())
}
