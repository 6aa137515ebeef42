//! Passwords: argon2id, with an upper limit of the work that is done at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{self, SaltString},
};
use config::ConsoleUser;
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::problem::Problem;

/// Passwords that are checked at a time: each takes a processor and some 20 MB.
const AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The hash of a password, for `password_hash` in `[[console.users]]`.
///
/// # Errors
///
/// Where the password cannot be hashed, such as one of 4 GiB.
pub fn hash_password(password: &SecretString) -> Result<String, password_hash::Error> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())?;
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes(), &salt)?;
    Ok(hash.to_string())
}

/// Checks passwords.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// What the password of an unknown user is compared with, so that this takes as long as for a known one.
    of_nobody: SecretString,
}

impl Passwords {
    /// Unknown users cost the work of the first user's hash.
    pub(crate) fn for_users(users: &[ConsoleUser]) -> Self {
        let first = users.first().map(|user| user.password_hash.clone());
        let of_nobody = first.or_else(|| hash_password(&"".into()).ok().map(Into::into));
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), of_nobody: of_nobody.unwrap_or_default() }
    }

    /// Whether this is the password of the user.
    pub(crate) async fn are_right(
        &self,
        user: Option<&ConsoleUser>,
        password: SecretString,
    ) -> Result<bool, Problem> {
        let is_known = user.is_some();
        let hash = user.map_or(&self.of_nobody, |user| &user.password_hash).clone();
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            let detail = "too many people sign in at this moment: try again in a few seconds";
            return Err(Problem::unavailable("busy", detail).retry_after(5));
        };
        let checked = spawn_blocking(move || {
            let _turn = turn;
            let hash = PasswordHash::new(hash.expose_secret());
            hash.is_ok_and(|hash| {
                let password = password.expose_secret().as_bytes();
                Argon2::default().verify_password(password, &hash).is_ok()
            })
        });
        Ok(checked.await.map_err(|_| Problem::internal())? && is_known)
    }
}

#[cfg(test)]
mod tests {
    use config::{Grant, Role};

    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let user = ConsoleUser {
            name: "anna".into(),
            password_hash: hash_password(&"right".into()).unwrap().into(),
            grant: Grant { role: Role::Viewer, integrations: None },
        };
        let passwords = Passwords::for_users(std::slice::from_ref(&user));
        assert!(passwords.are_right(Some(&user), "right".into()).await.unwrap());
        assert!(!passwords.are_right(Some(&user), "wrong".into()).await.unwrap());
        // The hash that stands for an unknown user is that of a known one.
        assert!(!passwords.are_right(None, "right".into()).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn sign_ins_wait_for_their_turn_and_not_for_ever() {
        let passwords = Passwords::for_users(&[]);
        let _all = Arc::clone(&passwords.turns).acquire_many_owned(2).await.unwrap();
        let problem = passwords.are_right(None, "".into()).await.unwrap_err();
        assert_eq!(problem.code(), "busy");
    }
}
