//! The Salto KS client: tokens, sites, locks, IQs, one-time passwords, activation and the open
//! command. Usable on its own.
//!
//! - where and who: [`Environment`], [`Account`], and [`Site`], which makes the calls
//! - the network: [`Http`], shared by all; [`SaltoClock`] and [`ClockStore`], Salto's time
//! - a host that keeps failing: [`Breakers`]
//! - who the account is at a site: [`Standing`]; whether a host answers: [`probe()`]
//! - a person's sign-in by the browser: [`LoginAttempt`]
//! - tokens: [`TokenCache`] with [`RedisTokenCache`] and [`MemoryTokenCache`]
//! - passwords: [`OtpKey`], [`OtpScheme`]
//! - IQs: [`activation`]
//! - Digital Key for Guests: [`AccessCode`], [`GuestApp`], [`GuestToken`], as [`GuestKeys`] says
//! - at rest: [`seal`], [`check_key`]
//! - errors: [`CallError`] by [`Cause`]; [`OpenError`] by [`Certainty`] too; which is when: [`verdict`]
//!
//! Facts about the platform carry their source: \[S1\] Salto's page on integration types, \[S2\]
//! i-Reserve's background page, \[D\] Salto's developer pages, \[M\] measured against Salto's
//! acceptance environment. Decisions of this project say so.

pub mod activation;
pub mod seal;
pub mod verdict;

mod answer;
mod breaker;
mod call;
mod calls;
mod clock;
mod clock_store;
mod directory;
mod entries;
mod environment;
mod error;
mod flight;
mod gate;
mod guest_key;
mod http_client;
mod iqs;
mod key_check;
mod list;
mod login;
mod open;
mod otp;
mod probe;
mod site;
mod standing;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod wire;

pub use activation::{Activation, ActivationState, ActivationStore};
pub use breaker::{BreakerState, Breakers, Health, Host};
pub use clock::SaltoClock;
pub use clock_store::ClockStore;
pub use environment::{Account, DEFAULT_SCOPE, Environment, RedirectUri, SignIn};
pub use error::{CallError, Cause, Certainty, OpenError};
pub use guest_key::{
    AccessCode, ApiPath, ApiPathError, DEFAULT_CODE_PARAMETER, GuestApp, GuestKeyError, GuestKeys,
    GuestToken,
};
pub use http_client::{Http, HttpError};
pub use iqs::PinAnswer;
pub use key_check::{KeyCheckError, check_key};
pub use otp::{Otp, OtpKey, OtpScheme, UnknownOtpScheme};
pub use probe::probe;
pub use site::{Prepared, Site};
pub use standing::Standing;
pub use store::StoreError;
pub use token::{
    Login, LoginAttempt, MemoryTokenCache, RedirectError, RedisTokenCache, Rejection, Token,
    TokenCache, TokenRecord, TokenState,
};
pub use wire::{ActivatedIq, IqInfo, LockInfo, LockIq, SiteInfo};
