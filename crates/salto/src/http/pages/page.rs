//! The body of one page, read leniently.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Items;

/// What a page says about the next one.
pub(super) enum Next {
    /// The list has a link to its next page.
    Link(String),
    /// The list says that this is the last page.
    End,
    /// The list says nothing about a next page; this is its length, if known.
    Count(Option<u64>),
}

/// Reads a page, and adds its items.
pub(super) fn read<T: DeserializeOwned>(
    body: &[u8],
    items: &mut Items<T>,
) -> Result<Next, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let next = json.deserialize_any(PageVisitor(items))?;
    json.end()?;
    Ok(next)
}

/// A page: the list of its items, or an object that has it.
struct PageVisitor<'a, T>(&'a mut Items<T>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Items,
    NextPageLink,
    Count,
    ContinuationToken,
    #[serde(other)]
    Other,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageVisitor<'_, T> {
    type Value = Next;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Next, A::Error> {
        add_all(self.0, items)?;
        Ok(Next::Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Next, A::Error> {
        let (mut has_items, mut link, mut count, mut is_last) = (false, None, None, false);
        while let Some(member) = members.next_key()? {
            match member {
                Member::Items => {
                    members.next_value_seed(ItemsSeed(self.0))?;
                    has_items = true;
                }
                Member::NextPageLink => link = Some(lenient::<A, String>(&mut members)?),
                Member::Count => count = lenient::<A, u64>(&mut members)?,
                // How such a token is passed on is not public: what follows cannot be read.
                Member::ContinuationToken => {
                    members.next_value::<IgnoredAny>()?;
                    is_last = true;
                }
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !has_items {
            return Err(A::Error::missing_field("items"));
        }
        if is_last {
            return Ok(Next::End);
        }
        Ok(match (link, count) {
            (Some(Some(link)), _) if !link.is_empty() => Next::Link(link),
            (Some(_), None) => Next::End,
            (_, count) => Next::Count(count),
        })
    }
}

/// The value of a member, where it has the expected type.
fn lenient<'de, A: MapAccess<'de>, V: DeserializeOwned>(
    members: &mut A,
) -> Result<Option<V>, A::Error> {
    let value: &RawValue = members.next_value()?;
    Ok(serde_json::from_str(value.get()).ok())
}

/// The member that has the items.
struct ItemsSeed<'a, T>(&'a mut Items<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for ItemsSeed<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for ItemsSeed<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        add_all(self.0, items)
    }
}

fn add_all<'de, T: DeserializeOwned, A: SeqAccess<'de>>(
    items: &mut Items<T>,
    mut page: A,
) -> Result<(), A::Error> {
    while let Some(item) = page.next_element::<&RawValue>()? {
        if !items.add(item) {
            return Err(A::Error::custom("too many items"));
        }
    }
    Ok(())
}
