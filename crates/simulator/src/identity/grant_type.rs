//! The grants that the token endpoint serves.

#[derive(Clone, Copy)]
pub(super) enum GrantType {
    AccessCode,
    AuthorizationCode,
    Password,
    RefreshToken,
}

impl GrantType {
    const ALL: [Self; 4] =
        [Self::AccessCode, Self::AuthorizationCode, Self::Password, Self::RefreshToken];

    /// The names of all grants.
    pub(super) fn names() -> [&'static str; 4] {
        Self::ALL.map(Self::name)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant_type| grant_type.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AccessCode => "access_code",
            Self::AuthorizationCode => "authorization_code",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }
}
