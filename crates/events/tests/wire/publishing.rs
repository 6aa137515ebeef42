//! docs/publishing.md says what to tell the guest for every reason and class.

use rules::{FailedClass, FailedReason, RejectedReason};

const GUIDE: &str = include_str!("../../../../docs/publishing.md");

/// The cells after the code, in the section about the guest.
fn row(code: &str) -> Vec<&'static str> {
    let mut sections = GUIDE.split("\n## ");
    let section = sections.find(|section| section.starts_with("What to tell the guest"));
    let section = section.unwrap_or_else(|| panic!("docs/publishing.md has no such section"));
    let start = format!("| `{code}` | ");
    let row = section.lines().find_map(|line| line.strip_prefix(&start));
    row.unwrap_or_else(|| panic!("docs/publishing.md has no row {code}")).split(" | ").collect()
}

#[test]
fn the_guide_says_what_to_tell_the_guest_for_every_reason() {
    for reason in RejectedReason::ALL {
        assert!(!row(reason.code())[0].is_empty(), "{reason}");
    }
    for reason in FailedReason::ALL {
        let row = row(reason.code());
        let class = row[0].split(';').next();
        assert_eq!(class, Some(reason.class().code()), "the class of {reason}");
        assert!(!row[1].is_empty(), "{reason}");
    }
    for class in FailedClass::ALL {
        assert!(!row(class.code())[0].is_empty(), "{class}");
    }
}
