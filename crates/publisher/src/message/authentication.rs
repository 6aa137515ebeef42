//! Authentication of the headers that postern reads back (`docs/contract.md`, Dead letters): the same
//! headers from a publisher have no effect.
//!
//! One more header has a code for each fact: HMAC-SHA-256 over the fact, its headers and the body, so that
//! it holds for no other message. Each fact has its own code, because they change independently.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use events::{ATTRIBUTE_PREFIXES, names};
use hmac_for_sha2::{Hmac, Mac};
use lapin::types::{AMQPValue, FieldTable};
use sha2::{Digest, Sha256};

use super::header_fields::{DELIVERY_COUNT, attribute_text, integer, retain, set_text, text};
use super::outgoing::Message;
use super::received::ReceivedMessage;

/// Separates the derived key from others of the same secret.
const KEY_PURPOSE: &[u8] = b"postern message headers 1";

/// The length of a code in bytes, of the 32 that HMAC-SHA-256 gives: 128 bits cannot be guessed, and the
/// header stays short.
const CODE_LENGTH: usize = 16;

/// The longest header of this module with its name, in bytes.
pub(crate) const AUTHENTICATION_MAX: usize = 256;

/// Between codes, and between the name of a fact and its code. Neither is in the code's alphabet.
const SEPARATOR: char = ',';
const ASSIGNMENT: char = '=';

/// What postern writes into headers and reads back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Exchange, routing key and queue of the first arrival.
    Origin,
    /// The number of replays.
    Replays,
    /// The number of deliveries before it was parked.
    Deliveries,
    /// How often a record in Redis could not be used.
    RecordFailures,
    /// The recorded answer to the request.
    Answer,
}

impl Fact {
    pub(crate) const ALL: [Self; 5] =
        [Self::Origin, Self::Replays, Self::Deliveries, Self::RecordFailures, Self::Answer];

    const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Replays => "replays",
            Self::Deliveries => "deliveries",
            Self::RecordFailures => "failures",
            Self::Answer => "answer",
        }
    }

    /// The headers that hold the fact.
    pub(crate) const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::Origin => {
                &[names::HEADER_EXCHANGE, names::HEADER_ROUTING_KEY, names::HEADER_QUEUE]
            }
            Self::Replays => &[names::HEADER_REPLAYS],
            Self::Deliveries => &[names::HEADER_DELIVERIES],
            Self::RecordFailures => &[names::HEADER_RECORD_FAILURES],
            Self::Answer => &[names::HEADER_ANSWER],
        }
    }

    /// Whether there are no headers of the fact.
    fn is_absent(self, headers: &FieldTable) -> bool {
        !self.headers().iter().any(|name| headers.contains_key(name))
    }

    /// Removes the headers of the fact.
    pub(crate) fn remove(self, headers: &mut FieldTable) {
        *headers = retain(headers, |name| !self.headers().contains(&name));
    }
}

/// The key that authenticates headers. All workers derive it from the same secret.
#[derive(Clone)]
pub struct HeaderKey {
    /// Makes codes.
    current: Hmac<Sha256>,
    /// Keys whose codes are still right.
    old: Vec<Hmac<Sha256>>,
}

impl HeaderKey {
    /// The key that belongs to this secret.
    pub fn derive(secret: &[u8; 32]) -> Self {
        Self { current: derived(secret), old: Vec::new() }
    }

    /// The key, with which codes of these old secrets are right too.
    #[must_use]
    pub fn with_old<'a>(mut self, secrets: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        self.old.extend(secrets.into_iter().map(derived));
        self
    }

    /// Those facts that no headers claim, or headers with the right code.
    pub(crate) fn authentic(&self, headers: &FieldTable, body: &[u8]) -> Vec<Fact> {
        let codes = text(headers, names::HEADER_AUTHENTICATION).unwrap_or_default();
        // The body is read only where a code has to be checked.
        let digest = if codes.is_empty() { None } else { Some(digest(headers, body)) };
        let is_authentic = |fact: &Fact| {
            let digest = digest.as_ref();
            fact.is_absent(headers)
                || digest.is_some_and(|digest| self.is_right(*fact, headers, digest, &codes))
        };
        Fact::ALL.into_iter().filter(is_authentic).collect()
    }

    fn is_right(&self, fact: Fact, headers: &FieldTable, digest: &[u8], codes: &str) -> bool {
        let mut codes = codes.split(SEPARATOR).filter_map(|code| code.split_once(ASSIGNMENT));
        let Some((_, found)) = codes.find(|(name, _)| *name == fact.name()) else { return false };
        let Ok(found) = URL_SAFE_NO_PAD.decode(found) else { return false };
        let is_of = |key: &Hmac<Sha256>| {
            let right = code(key, fact, headers, digest);
            right.is_some_and(|right| right.verify_truncated_left(&found).is_ok())
        };
        found.len() == CODE_LENGTH && std::iter::once(&self.current).chain(&self.old).any(is_of)
    }

    /// Writes the codes of these facts, as far as there are headers of them, and no other code.
    pub(crate) fn sign(&self, facts: &[Fact], headers: &mut FieldTable, body: &[u8]) {
        let digest = digest(headers, body);
        let named = |fact: &Fact| {
            let made = code(&self.current, *fact, headers, &digest)?.finalize().into_bytes();
            let code = URL_SAFE_NO_PAD.encode(&made[..CODE_LENGTH]);
            Some(format!("{}{ASSIGNMENT}{code}", fact.name()))
        };
        let codes: Vec<_> = facts.iter().filter_map(named).collect();
        *headers = retain(headers, |name| name != names::HEADER_AUTHENTICATION);
        if !codes.is_empty() {
            let codes = codes.join(&SEPARATOR.to_string());
            set_text(headers, names::HEADER_AUTHENTICATION, &codes);
        }
    }
}

/// The code of a fact, before it is finished; none where a header is missing or of another type.
fn code(
    key: &Hmac<Sha256>,
    fact: Fact,
    headers: &FieldTable,
    digest: &[u8],
) -> Option<Hmac<Sha256>> {
    let mut code = key.clone();
    code.update(fact.name().as_bytes());
    code.update(digest);
    for name in fact.headers() {
        let value = headers.inner().get(*name)?;
        match value {
            AMQPValue::LongString(text) => {
                // With its length: values must not be cut elsewhere.
                code.update(b"t");
                code.update(&u64::try_from(text.len()).ok()?.to_be_bytes());
                code.update(text.as_bytes());
            }
            number => {
                code.update(b"n");
                code.update(&integer(number)?.to_be_bytes());
            }
        }
    }
    Some(code)
}

/// What identifies the message: its body, and the attributes of its event that are headers.
fn digest(headers: &FieldTable, body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new_with_prefix(body);
    let is_attribute = |name: &str| ATTRIBUTE_PREFIXES.iter().any(|one| name.starts_with(one));
    for (name, value) in headers.inner().iter().filter(|(name, _)| is_attribute(name.as_str())) {
        let value = attribute_text(value).unwrap_or_default();
        for text in [name.as_str(), &value] {
            // With its length: names and values must not be cut elsewhere.
            digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    digest.finalize().into()
}

/// The key of headers that belongs to a secret.
fn derived(secret: &[u8; 32]) -> Hmac<Sha256> {
    let mut derived = keyed(secret);
    derived.update(KEY_PURPOSE);
    keyed(&derived.finalize().into_bytes().into())
}

/// An HMAC with a key as long as its output.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A block is longer than the key; the rest is zero, as HMAC has it.
    let mut block = hmac_for_sha2::digest::Key::<Hmac<Sha256>>::default();
    block[..key.len()].copy_from_slice(key);
    <Hmac<Sha256> as hmac_for_sha2::digest::KeyInit>::new(&block)
}

/// Hides the key.
impl std::fmt::Debug for HeaderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeaderKey(***)")
    }
}

impl ReceivedMessage {
    /// The message without those headers that postern reads back and did not write. `redelivered` is the
    /// broker's flag: without it, a count of deliveries is not the broker's either.
    #[must_use]
    pub fn authenticated(mut self, key: &HeaderKey, redelivered: bool) -> Self {
        let Some(mut headers) = self.properties.headers().clone() else { return self };
        let authentic = key.authentic(&headers, &self.body);
        for fact in Fact::ALL.into_iter().filter(|fact| !authentic.contains(fact)) {
            fact.remove(&mut headers);
        }
        if !redelivered {
            headers = retain(&headers, |name| name != DELIVERY_COUNT);
        }
        self.properties = self.properties.with_headers(headers);
        self
    }
}

impl Message {
    /// The message with a header that authenticates those that postern reads back. Only for a message
    /// that was made of an authenticated one ([`ReceivedMessage::authenticated`]).
    #[must_use]
    pub fn signed(mut self, key: &HeaderKey) -> Self {
        let Some(mut headers) = self.properties.headers().clone() else { return self };
        key.sign(&Fact::ALL, &mut headers, &self.body);
        self.properties = self.properties.with_headers(headers);
        self
    }
}
