//! Enums whose variants have a code on the wire.

/// Declares an enum whose variants have a code, each written once: `ALL`, `code()`, `from_code()`
/// and `Display` cover every variant by construction. It serialises as its code.
///
/// After `..` may follow variants that carry another enum of this kind and have its codes. Such an
/// enum does not serialise.
#[macro_export]
macro_rules! coded_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $code:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        $crate::coded_enum!(@codes $name { $($variant = $code,)+ } {});
    };
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $code:literal,)+
            ..
            $($(#[$outer_doc:meta])* $outer:ident($inner:ty),)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            $($(#[$outer_doc])* $outer($inner),)+
        }

        $crate::coded_enum!(@codes $name { $($variant = $code,)+ } { $($outer($inner),)+ });
    };
    (
        @codes $name:ident
        { $($variant:ident = $code:literal,)+ }
        { $($outer:ident($inner:ty),)* }
    ) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &Self::all();

            const OWN: &[Self] = &[$(Self::$variant,)+];

            const fn all() -> [Self; Self::OWN.len() $(+ <$inner>::ALL.len())*] {
                let mut all = [Self::OWN[0]; Self::OWN.len() $(+ <$inner>::ALL.len())*];
                let mut next = 0;
                while next < Self::OWN.len() {
                    all[next] = Self::OWN[next];
                    next += 1;
                }
                $(
                    let mut index = 0;
                    while index < <$inner>::ALL.len() {
                        all[next] = Self::$outer(<$inner>::ALL[index]);
                        next += 1;
                        index += 1;
                    }
                )*
                all
            }

            /// The code on the wire.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                    $(Self::$outer(inner) => inner.code(),)*
                }
            }

            /// The value with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.code() == code)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
