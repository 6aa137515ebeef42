//! The label of a code that an IQ gave: the number of labels is limited, because codes come from outside.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// The codes of IQs that have a label of their own. The first ones have, and all others share one: an IQ
/// decides what it answers, and each label costs memory for as long as the worker runs.
static IQ_CODES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
const MOST_IQ_CODES: usize = 30;

/// The label for a code of an IQ, none where it has not the form of one.
pub(super) fn iq_code_label(code: Option<&str>) -> String {
    let Some(code) = code else { return "other".to_owned() };
    let mut known = IQ_CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if known.contains(code) || (known.len() < MOST_IQ_CODES && known.insert(code.to_owned())) {
        code.to_owned()
    } else {
        "other".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_labels_for_codes_of_iqs_is_limited() {
        let code = |number: usize| "x".repeat(number + 1);
        let labels: BTreeSet<String> = (0..1000).map(|n| iq_code_label(Some(&code(n)))).collect();
        assert_eq!(labels.len(), MOST_IQ_CODES + 1);
        assert_eq!(iq_code_label(Some("x")), "x");
        assert_eq!(iq_code_label(Some("late")), "other");
        assert_eq!(iq_code_label(None), "other");
    }
}
