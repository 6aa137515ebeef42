//! The world: clients, accounts, sites, IQs and locks of the simulated cloud, and its settings. It
//! has the shape of a world file.

mod builtin;
mod check;
mod mistakes;
mod model;
mod settings;
mod user_key;

pub use self::check::WorldError;
pub(crate) use self::check::is_pin;
pub use self::model::{Account, Activation, Client, Iq, Lock, Site, UserKey, World};
pub use self::settings::{ErrorCodes, ListForm, Settings};
pub(crate) use self::user_key::SecretAndPin;
