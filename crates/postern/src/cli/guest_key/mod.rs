//! `postern guest-key`: Digital Key for Guests, from the access code to the key.

mod body;
mod code;
mod create;

use clap::Subcommand;
use consumer::Settings;
use salto::GuestKeyError;

use super::failure::Failure;

/// What every help of these commands says.
const UNCERTAIN: &str = "\
What is certain (Salto's page on integration types): the account that asks must be part of a pod with \
the role pod_member; a guest's app exchanges the code at the identity provider with the grant \
access_code; the token that this brings can create a digital key and nothing else. What is not: the \
paths of both calls, their bodies and answers, the name of the code's parameter, the scope, how long a \
code counts and how many keys it makes. Salto has published none of it, so no path is built in: \
[salto.environments.NAME.guest_keys] says what Salto has told you.";

/// About guests' digital keys.
#[derive(Debug, Subcommand)]
pub(super) enum GuestKey {
    /// Ask Salto for an access code that a guest makes a digital key with.
    Code(code::Code),
    /// Exchange an access code and create a digital key, as a guest's app would.
    Create(create::Create),
}

/// Does what the command line asks for.
pub(super) async fn run(guest_key: GuestKey, settings: &Settings) -> Result<(), Failure> {
    match guest_key {
        GuestKey::Code(code) => code::run(code, settings).await,
        GuestKey::Create(create) => create::run(create, settings).await,
    }
}

/// What is not set up is a matter of the configuration.
fn failure(error: GuestKeyError, what: &'static str) -> Failure {
    if let GuestKeyError::NotSetUp { .. } = error {
        return Failure::Usage(error.to_string());
    }
    Failure::Failed(anyhow::Error::new(error).context(what))
}
