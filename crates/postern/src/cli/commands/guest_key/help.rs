//! The part of the help that both commands share.

/// The help of both commands on what is known, and what is not.
pub(super) const UNPUBLISHED: &str = "\
Salto's page on integration types says: the account that requests the code must be part of a pod with \
the role pod_member; a guest's app exchanges the code at the identity provider with the grant \
access_code; the token from this exchange can create a digital key and nothing else. It does not say: \
the paths of both calls, their bodies and answers, the name of the code's parameter, the scope, how long \
a code is valid and how many keys it creates. Salto has published none of it, so no path is built in: \
[salto.environments.NAME.guest_keys] configures what Salto has told you.";
