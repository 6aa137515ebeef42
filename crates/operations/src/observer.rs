//! Who is told what an operation has to say before its result.

/// Who is told what an operation has to say before its result.
pub trait Observer: Send + Sync {
    /// A line for the operator that is not a result, such as a warning.
    fn note(&self, text: &str);
}
