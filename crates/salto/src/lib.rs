//! The Salto KS client: tokens, sites, locks, IQs, one-time passwords, activation and the open
//! command. Usable on its own.
//!
//! - environment and account: [`Environment`], [`Account`]; [`Site`] makes the calls of one account
//! - HTTP: [`Http`], shared by all integrations; [`check_host()`] asks whether a host answers
//! - circuit breakers of the hosts and of their parts: [`Breakers`]
//! - Salto's time: [`SaltoClock`], stored over restarts by [`ClockStore`]
//! - the system user's rights at its site: [`SystemUser`]
//! - sign-in by the browser: [`LoginAttempt`], [`NewLogin`], [`SignedInAccount`]
//! - tokens: [`TokenCache`] with [`RedisTokenCache`] and [`MemoryTokenCache`]
//! - the open command: [`PreparedLock`], [`SendPermission`], [`RenewPermission`]
//! - openings as Salto records them: [`Entry`], read from its log or from its [`EventStream`]
//! - one-time passwords: [`OtpKey`], [`OtpScheme`]; why one was rejected: [`RejectionCause`]
//! - activation of IQs: [`activation`]
//! - Digital Key for Guests: [`AccessCode`], [`GuestApp`], [`GuestToken`], set up by [`GuestKeys`]
//! - encryption at rest: [`seal`], [`check_key`], [`rotate`]
//! - errors: [`CallError`] with a [`Cause`]; [`OpenError`] with a [`Certainty`] too. The table in
//!   [`classification`] says which answer makes which error.
//!
//! Facts about the platform cite a section of `docs/salto-ks.md`, promises to others one of
//! `docs/contract.md`. What cites neither is a decision of this project, and says so.

pub mod activation;
pub mod classification;

mod breaker;
mod clock;
mod command;
mod environment;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod guest_key;
mod http;
mod open_error;
mod otp;
mod redis;
#[cfg(test)]
mod server_tests;
mod single_flight;
mod site;
mod token;

pub use activation::{Activation, ActivationState, ActivationStore};
pub use breaker::{BreakerScope, BreakerState, Breakers, Host, HostHealth};
pub use clock::store::{ClockStore, clock_corrections_key};
pub use clock::{ROW_TOLERANCE, SaltoClock};
pub use command::permission::{RenewPermission, SendPermission};
pub use command::prepared::PreparedLock;
pub use environment::account::{Account, RedirectUri, SignIn};
pub use environment::api_path::{ApiPath, ApiPathError};
pub use environment::guest_keys::{DEFAULT_CODE_PARAMETER, GuestKeys};
pub use environment::{DEFAULT_SCOPE, Environment};
pub use error::{CallError, Cause, Certainty};
pub use guest_key::{AccessCode, GuestApp, GuestKeyError, GuestToken};
pub use http::client::{Http, HttpError};
pub use http::host_check::check_host;
pub use open_error::OpenError;
pub use otp::{Otp, OtpKey, OtpScheme, UnknownOtpScheme};
pub use redis::key_check::{KeyCheckError, check_key};
pub use redis::key_pattern::key_pattern;
pub use redis::query::StoreError;
pub use redis::rotation::{Rotation, RotationCounts, SealedKind, rotate};
pub use redis::seal;
pub use site::Site;
pub use site::entry::Entry;
pub use site::event_stream::{EventStream, StreamNews};
pub use site::info::{ActivatedIq, IqInfo, LockInfo, LockIq, SiteInfo};
pub use site::iqs::{PinAnswer, PinDelivery};
pub use site::lock_list::MovedLock;
pub use site::otp_rejection::{RejectionCause, SharedCorrections};
pub use site::signed_in_account::SignedInAccount;
pub use site::system_user::SystemUser;
pub use token::{
    CredentialsRejection, Login, LoginAttempt, MemoryTokenCache, NewLogin, RedirectError,
    RedisTokenCache, Token, TokenCache, TokenRecord, TokenState, UnusableGrant,
};
