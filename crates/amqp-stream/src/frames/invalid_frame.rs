//! Frames that no broker sends.

/// What no broker sends. The connection cannot be used further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidFrame {
    /// The frame has an unknown type.
    Type(u8),
    /// The frame does not end with the byte that ends each frame.
    End(u8),
    /// The frame of a method has this size.
    MethodSize(u32),
    /// A content header is shorter than its fixed part.
    ContentHeader,
}

impl std::fmt::Display for InvalidFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Type(kind) => write!(f, "the broker sent a frame of the unknown type {kind}"),
            Self::End(end) => write!(f, "the broker sent a frame that ends with {end:#04x}"),
            Self::MethodSize(size) => write!(f, "the broker sent a method of {size} bytes"),
            Self::ContentHeader => {
                f.write_str("the broker sent a content header that is too short")
            }
        }
    }
}

impl std::error::Error for InvalidFrame {}
