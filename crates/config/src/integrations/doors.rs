//! The doors of an integration: which lock an object has, and which doors come with others.

use std::collections::BTreeMap;

use rules::LockRef;

use crate::{
    mistake::Mistakes,
    reader::Section,
    shown_value::shown_under,
    value::{lock, texts},
};

/// The locks by object. Any object is allowed, so no key is unknown.
pub(super) fn locks(section: Section<'_>, mistakes: &Mistakes) -> BTreeMap<String, LockRef> {
    section
        .entries()
        .filter_map(|(object, node)| match lock(node) {
            Ok(lock) => Some((object.to_owned(), lock)),
            Err(what) => {
                let path = section.path_of(object);
                mistakes.add_with_value(&node.origin, path, what, shown_under(object, node));
                None
            }
        })
        .collect()
}

/// The objects with which each shared door comes. Any door is allowed, so no key is unknown.
pub(super) fn shared_doors(
    section: Section<'_>,
    mistakes: &Mistakes,
) -> BTreeMap<String, Vec<String>> {
    section
        .entries()
        .filter_map(|(door, node)| match texts(node) {
            Ok(objects) => Some((door.to_owned(), objects)),
            Err(what) => {
                let path = section.path_of(door);
                mistakes.add_with_value(&node.origin, path, what, shown_under(door, node));
                None
            }
        })
        .collect()
}
