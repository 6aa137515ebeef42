//! Randomness for waits, so that workers that failed together do not try again together.

use rand::RngExt as _;

/// A random number from 0 to 1.
pub(crate) fn jitter() -> f64 {
    rand::rng().random()
}
