//! Patterns for `SCAN`.

/// The pattern of all keys that begin with this prefix and name, whatever characters the prefix has.
#[must_use]
pub fn key_pattern(prefix: &str, name: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + name.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + name + "*"
}
