//! The rotation of `secrets.key`: everything in Redis that an old key sealed is sealed with the current one.
//!
//! Each value is replaced only where it is still the one that was read, so that workers may go on. A
//! rotation that was interrupted is run again: what is sealed with the current key stays as it is.

use deadpool_redis::redis::cmd;
use redis_pool::Pool;
use serde::Serialize;

use super::key_check::marker_key;
use super::key_pattern::key_pattern;
use super::query::{self, StoreError};
use super::seal::Sealer;
use super::sealed_place::Place;

/// How often a value that changes meanwhile is read again.
const ATTEMPTS: u32 = 10;
/// Keys that one call reads: Redis answers no other client meanwhile.
const AT_ONCE: u32 = 500;

/// The kinds of values that are stored encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedKind {
    /// Secret and PIN of an IQ.
    Activation,
    /// The tokens of an integration, and its sign-in by the browser.
    Token,
    /// The password of an integration that is stored.
    Password,
    /// The value by which a wrong key is detected.
    KeyCheck,
}

impl SealedKind {
    /// All kinds, in the order in which they are rotated. The key check is the last: until then, a start
    /// without the old key is refused.
    pub const ALL: [Self; 4] = [Self::Activation, Self::Token, Self::Password, Self::KeyCheck];

    /// The code in output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Token => "token",
            Self::Password => "password",
            Self::KeyCheck => "key_check",
        }
    }
}

/// What was done with the values of a kind.
#[derive(Debug, Clone, Serialize)]
pub struct RotationCounts {
    /// The kind.
    pub kind: SealedKind,
    /// Values that an old key sealed, and that are sealed with the current one now.
    pub rotated: u64,
    /// Values that the current key had sealed already.
    pub current: u64,
    /// The values that no key can read, or whose key has another type, by their keys in Redis.
    pub unreadable: Vec<String>,
    /// The values that changed at each attempt: a worker still writes them with another key.
    pub contested: Vec<String>,
}

impl RotationCounts {
    /// Whether every value can be read with the current key alone.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.unreadable.is_empty() && self.contested.is_empty()
    }
}

/// The result for one value.
enum Resealed {
    Rotated,
    Current,
    Unreadable,
    Contested,
    /// It has been removed, or has expired.
    Gone,
}

/// A rotation of the values below a prefix.
pub struct Rotation<'a> {
    /// Redis.
    pub pool: &'a Pool,
    /// The beginning of every key.
    pub key_prefix: &'a str,
    /// The key of the hash of passwords by integration, below the prefix.
    pub passwords: &'a str,
    /// The current key and the old ones.
    pub sealer: &'a Sealer,
    /// Whether nothing is replaced, and the counts say what would be.
    pub dry_run: bool,
    /// Is called after each value that was replaced.
    pub after_each: &'a (dyn Fn() + Sync),
}

/// Seals every value with the current key. Returns the counts of each kind.
///
/// # Errors
/// Redis failed. What was rotated until then stays so.
pub async fn rotate(rotation: &Rotation<'_>) -> Result<Vec<RotationCounts>, StoreError> {
    let mut all = Vec::with_capacity(SealedKind::ALL.len());
    for kind in SealedKind::ALL {
        // Where a value still needs an old key, the key check stays, and a start without that key is refused.
        let is_contested = all.iter().any(|counts: &RotationCounts| !counts.contested.is_empty());
        if kind != SealedKind::KeyCheck || !is_contested {
            all.push(rotation.rotate_kind(kind).await?);
        }
    }
    Ok(all)
}

impl Rotation<'_> {
    async fn rotate_kind(&self, kind: SealedKind) -> Result<RotationCounts, StoreError> {
        let mut counts = RotationCounts {
            kind,
            rotated: 0,
            current: 0,
            unreadable: Vec::new(),
            contested: Vec::new(),
        };
        for place in self.places(kind, &mut counts).await? {
            match self.reseal(&place).await? {
                Resealed::Rotated => counts.rotated += 1,
                Resealed::Current => counts.current += 1,
                Resealed::Unreadable => counts.unreadable.push(place.name()),
                Resealed::Contested => counts.contested.push(place.name()),
                Resealed::Gone => {}
            }
        }
        Ok(counts)
    }

    /// The values of a kind, each once.
    async fn places(
        &self,
        kind: SealedKind,
        counts: &mut RotationCounts,
    ) -> Result<Vec<Place>, StoreError> {
        match kind {
            SealedKind::KeyCheck => {
                Ok(vec![Place { key: marker_key(self.key_prefix), field: None }])
            }
            SealedKind::Token => {
                let keys = self.keys("token:", "string", counts).await?;
                Ok(keys.into_iter().map(|key| Place { key, field: None }).collect())
            }
            SealedKind::Activation => {
                let keys = self.keys("activations:", "hash", counts).await?;
                self.fields(keys).await
            }
            SealedKind::Password => {
                let keys = self.keys(self.passwords, "hash", counts).await?;
                self.fields(keys).await
            }
        }
    }

    /// All fields of these hashes.
    async fn fields(&self, keys: Vec<String>) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::new();
        for key in keys {
            let fields: Vec<String> = query::query(self.pool, cmd("HKEYS").arg(&key)).await?;
            let place = |field| Place { key: key.clone(), field: Some(field) };
            places.extend(fields.into_iter().map(place));
        }
        Ok(places)
    }

    /// The keys that begin with `name`. A key of another type than `wanted` is counted as unreadable.
    async fn keys(
        &self,
        name: &str,
        wanted: &str,
        counts: &mut RotationCounts,
    ) -> Result<Vec<String>, StoreError> {
        let pattern = key_pattern(self.key_prefix, name);
        let (mut found, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(AT_ONCE);
            let (next, keys): (u64, Vec<String>) = query::query(self.pool, &scan).await?;
            found.extend(keys);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        found.sort_unstable();
        // SCAN may answer a key twice.
        found.dedup();
        let mut keys = Vec::with_capacity(found.len());
        for key in found {
            let is: String = query::query(self.pool, cmd("TYPE").arg(&key)).await?;
            match is.as_str() {
                is if is == wanted => keys.push(key),
                "none" => {}
                _ => counts.unreadable.push(key),
            }
        }
        Ok(keys)
    }

    async fn reseal(&self, place: &Place) -> Result<Resealed, StoreError> {
        for _ in 0..ATTEMPTS {
            let sealed: Option<Vec<u8>> = place.read(self.pool).await?;
            let Some(sealed) = sealed else { return Ok(Resealed::Gone) };
            let anew = match self.sealer.reseal(&place.location(), &sealed) {
                Ok(Some(anew)) => anew,
                Ok(None) => return Ok(Resealed::Current),
                Err(_) => return Ok(Resealed::Unreadable),
            };
            if self.dry_run {
                return Ok(Resealed::Rotated);
            }
            if place.replace(self.pool, &sealed, &anew).await? {
                (self.after_each)();
                return Ok(Resealed::Rotated);
            }
        }
        Ok(Resealed::Contested)
    }
}
