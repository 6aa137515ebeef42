//! The operator, for the audit: the user of the operating system.

use std::{env, fs, os::unix::fs::MetadataExt};

/// The user that runs this process, and the one who became it with sudo.
pub(crate) fn operator() -> String {
    let uid = fs::metadata("/proc/self").ok().map(|process| process.uid());
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let sudo_user = env::var("SUDO_USER").ok().filter(|name| !name.is_empty());
    let name = match uid {
        Some(uid) => user_name(&users, uid).unwrap_or_else(|| format!("uid {uid}")),
        None => env::var("USER").unwrap_or_else(|_| "unknown".to_owned()),
    };
    sudo_user.map_or_else(|| name.clone(), |sudo_user| format!("{name} (sudo by {sudo_user})"))
}

/// The name of a user in the format of `/etc/passwd`.
fn user_name(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_number() {
        let users = "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(user_name(users, 1000).as_deref(), Some("alice"));
        assert_eq!(user_name(users, 1), None);
    }
}
