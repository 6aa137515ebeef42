//! Event ids that are derived from a request: the same on every replica and after every redelivery
//! (`docs/contract.md`, invariant 1).

use uuid::Uuid;

/// The namespace of the derived ids. With another one, a request could be answered twice.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f5b_3c0e_8a53_4e0c_9d0b_1f6f_2d7c_54a1);

/// The role of an event for the request that caused it. The id depends on the role and not on the
/// type: an opened and a failed answer to one request share the id, so that they never both count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one answer: opened, open-rejected or open-failed.
    Terminal,
    /// The check-in of an opening.
    CheckIn,
    /// The confirmation of an opening.
    Confirmed,
}

/// The id of the event with this `role` for the request `(source, id)`.
#[must_use]
pub fn event_id(source: &str, id: &str, role: Role) -> Uuid {
    let role = match role {
        Role::Terminal => "terminal",
        Role::CheckIn => "check-in",
        Role::Confirmed => "confirmed",
    };
    derive(role, source, id)
}

/// The key under which the request `(source, id)` is stored.
#[must_use]
pub fn request_key(source: &str, id: &str) -> Uuid {
    derive("request", source, id)
}

fn derive(purpose: &str, source: &str, id: &str) -> Uuid {
    // The length distinguishes ("a", "bc") from ("ab", "c"), whatever characters they contain.
    let name = format!("{purpose}:{}:{source}{id}", source.len());
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_never_change() {
        assert_eq!(
            event_id("/acme", "1", Role::Terminal).to_string(),
            "2adaaab8-6c8e-53fa-a7fe-bc692df4f523"
        );
        assert_eq!(
            event_id("/acme", "1", Role::CheckIn).to_string(),
            "1d9509d9-80bb-5152-a593-0febf88550ca"
        );
        assert_eq!(request_key("/acme", "1").to_string(), "5f509ab2-a92a-5703-b6c3-6f1723f34aa6");
    }

    proptest! {
        #[test]
        fn another_request_has_another_id(
            a in ("[a-c:1]{0,4}", "[a-c:1]{0,4}"),
            b in ("[a-c:1]{0,4}", "[a-c:1]{0,4}"),
        ) {
            for role in [Role::Terminal, Role::CheckIn, Role::Confirmed] {
                let same = event_id(&a.0, &a.1, role) == event_id(&b.0, &b.1, role);
                prop_assert_eq!(same, a == b);
            }
            prop_assert_eq!(request_key(&a.0, &a.1) == request_key(&b.0, &b.1), a == b);
        }
    }
}
