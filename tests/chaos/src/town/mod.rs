//! The world that a run plays in: sites, IQs and locks at Salto, and the integrations that open them.
//!
//! There are as many doors as it takes for each request to have one of its own: Salto's commands do not say which request
//! they serve, so the door must.

mod files;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::RngExt;
use rand::rngs::StdRng;

/// How long a request lives that does not say so itself.
pub const REQUEST_TTL_SECONDS: i64 = 20;
/// How long postern waits for a booking that a request has overtaken.
pub const BOOKING_WAIT_SECONDS: i64 = 4;
/// How long one command may take.
pub const COMMAND_TIMEOUT_SECONDS: i64 = 4;
/// How long after a command without an answer it may be sent again.
pub const RESEND_WINDOW_SECONDS: i64 = 5;
/// How long before its booking begins a door opens.
pub const MINUTES_BEFORE: i64 = 15;
/// Short, so that a run of minutes sees tokens renewed.
pub const TOKEN_SECONDS: i64 = 90;

/// Everything there is, with its secrets.
#[derive(Debug, Clone)]
pub struct Town {
    pub integrations: Vec<Integration>,
    pub iqs: Vec<Iq>,
    /// `secrets.key` of all workers.
    pub key: String,
    client_secret: String,
}

/// An integration and its doors.
#[derive(Debug, Clone)]
pub struct Integration {
    pub id: &'static str,
    pub active: bool,
    pub site: usize,
    pub username: String,
    pub password: String,
    pub check_in_status: Option<&'static str>,
    pub doors: Vec<Door>,
}

/// A gateway.
#[derive(Debug, Clone)]
pub struct Iq {
    pub id: String,
    pub site: usize,
    pub secret: String,
    pub pin: String,
}

/// What a guest stands in front of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    pub object: String,
    pub lock: String,
    pub iq: String,
}

/// The one whose doors fail on purpose, by a secret that changed at Salto.
pub const SOUR: &str = "sour-cellar";
/// The one that is switched off.
pub const DORMANT: &str = "dormant-barn";
/// The one that maps what nobody else does.
pub const DEFAULTED: &str = "east-lodge";
/// An object that only [`DEFAULTED`] can open, by its default lock.
pub const UNMAPPED: &str = "garden-gate";
/// The statuses that let somebody in, beside the check-in status.
pub const OPEN_FROM: [&str; 2] = ["confirmed", "paid"];

const SITES: usize = 3;
const IQS_PER_SITE: [usize; SITES] = [3, 2, 1];
/// Leading zeros: nothing that a program logs as a number looks like it.
const PINS: [&str; 6] = ["0042", "0177", "0593", "0866", "0914", "0031"];

impl Town {
    /// With so many doors for each integration that is meant to open some.
    pub fn new(rng: &mut StdRng, doors: usize) -> Self {
        let mut iqs = Vec::new();
        for (site, count) in IQS_PER_SITE.into_iter().enumerate() {
            for _ in 0..count {
                let number = iqs.len();
                iqs.push(Iq {
                    id: format!("1a1a1a1a-{number:04}-4000-8000-{site:012}"),
                    site,
                    secret: secret(rng, 16),
                    pin: PINS[number].to_owned(),
                });
            }
        }
        // Two users at one site, each with an activation, a token and a pause of its own.
        let shapes = [
            ("north-house", true, 0, Some("checked_in"), doors),
            ("south-house", true, 0, Some("arrived"), doors),
            (DEFAULTED, true, 1, None, doors),
            (DORMANT, false, 1, None, doors / 8 + 8),
            (SOUR, true, 2, None, doors / 8 + 8),
        ];
        let integrations = shapes.into_iter().enumerate();
        let integrations =
            integrations.map(|(number, (id, active, site, check_in_status, doors))| {
                let here: Vec<&Iq> = iqs.iter().filter(|iq| iq.site == site).collect();
                let door = |door: usize| Door {
                    object: format!("{id}-{door}"),
                    lock: format!("10c{number:05}-0000-4000-8000-{door:012}"),
                    iq: here[door % here.len()].id.clone(),
                };
                Integration {
                    id,
                    active,
                    site,
                    username: format!("{id}@chaos.example"),
                    password: format!("password-{}", secret(rng, 12)),
                    check_in_status,
                    doors: (0..doors).map(door).collect(),
                }
            });
        let integrations = integrations.collect();
        Self {
            integrations,
            iqs,
            key: BASE64_STANDARD.encode(rng.random::<[u8; 32]>()),
            client_secret: format!("client-{}", secret(rng, 16)),
        }
    }

    /// The integration of that name.
    ///
    /// # Panics
    /// Where there is none.
    pub fn integration(&self, id: &str) -> &Integration {
        self.integrations.iter().find(|one| one.id == id).expect("an integration of the town")
    }

    /// The IQs that an integration's doors are behind.
    pub fn iqs_of(&self, integration: &Integration) -> Vec<&Iq> {
        self.iqs.iter().filter(|iq| iq.site == integration.site).collect()
    }

    /// The lock that [`DEFAULTED`] falls back on.
    pub fn default_lock(&self) -> &Door {
        &self.integration(DEFAULTED).doors[0]
    }

    /// All that nobody may ever read anywhere, PINs and one-time passwords apart.
    pub fn secrets(&self) -> Vec<String> {
        let passwords = self.integrations.iter().map(|one| one.password.clone());
        let iqs = self.iqs.iter().map(|iq| iq.secret.clone());
        let pair = format!("chaos-platform:{}", self.client_secret);
        let fixed = [self.key.clone(), self.client_secret.clone(), BASE64_STANDARD.encode(pair)];
        passwords.chain(iqs).chain(fixed).collect()
    }
}

/// Letters of which no word consists.
fn secret(rng: &mut StdRng, length: usize) -> String {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZbcdfghjkmnpqrstvwxz23456789";
    (0..length).map(|_| LETTERS[rng.random_range(0..LETTERS.len())] as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    #[test]
    fn every_lock_is_one_door_and_the_same_seed_makes_the_same_town() {
        let town = |seed| Town::new(&mut StdRng::seed_from_u64(seed), 20);
        let locks: Vec<_> = town(1).integrations.into_iter().flat_map(|one| one.doors).collect();
        let distinct: BTreeSet<_> = locks.iter().map(|door| door.lock.clone()).collect();
        assert_eq!(distinct.len(), locks.len());
        assert_eq!(town(1).simulator_world(), town(1).simulator_world());
        assert_ne!(town(1).secrets(), town(2).secrets());
    }
}
