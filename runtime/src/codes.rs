//! Code tables: open enums, which preserve unlisted codes.

use displaydoc::Display;

#[doc(hidden)]
pub use crate::value::number::plain;

/// The state of a payout's money.
///
/// An unlisted or absent code does not determine it: the methods that return this
/// type return `None` for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoneyState {
    /// The payee has the money.
    Paid,
    /// The payout failed.
    Failed,
    /// The payout is cancelled; this is final.
    Cancelled,
    /// The outcome is open: the payout may still be paid, fail or be cancelled.
    Open,
    /// No payout was found. This does not prove that none exists, and is not a
    /// failure.
    Absent,
    /// The code reports an amendment of the payout's data and does not determine
    /// the state of its money.
    Amendment,
}

/// The event after which a refused request may succeed unchanged.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash)]
pub enum RetryAfter {
    /// The partner's account is recharged: it did not cover the amount.
    #[displaydoc("when the account is funded again")]
    Recharge,
    /// The next day begins: a limit of this day was reached.
    #[displaydoc("on the next day")]
    NextDay,
}

/// A code that the document does not list, as it was received. Only the conversion
/// from text creates one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unrecognized(String);

impl Unrecognized {
    #[doc(hidden)]
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self(code.to_owned())
    }

    /// The code as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Declares an open enum: a table of codes, with a row per code, that preserves
/// codes which it does not list.
///
/// The enum has a unit variant for every code, and the variant
/// `Unrecognized(Unrecognized)`. The mark `read_only` is for codes that are
/// received but never sent.
///
/// ```
/// skypay_runtime::open_enum! {
///     /// Ways to pay.
///     pub enum Channel {
///         /// `5`: a bank account.
///         Shelf = "5",
///         /// `13`: a store that is gone.
///         Store = "13" read_only,
///     }
/// }
///
/// assert_eq!(Channel::from("5"), Channel::Shelf);
/// assert_eq!(Channel::from("99").to_string(), "99");
/// assert_eq!(format!("{:?}", Channel::Shelf), "Shelf(5)");
/// ```
#[macro_export]
macro_rules! open_enum {
    (
        $(#[$about:meta])*
        pub enum $table:ident {
            $($(#[$doc:meta])* $variant:ident = $code:literal $($mark:ident)?),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $table {
            $($(#[$doc])* $variant,)+
            /// A value that the document does not list, as it was received.
            Unrecognized($crate::Unrecognized),
        }

        impl $table {
            /// The codes that the document lists, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Unrecognized(code) => code.as_str(),
                }
            }

            /// Whether the document lists the code.
            #[must_use]
            pub fn is_listed(&self) -> bool {
                !::core::matches!(self, Self::Unrecognized(_))
            }
        }

        impl ::core::convert::From<&str> for $table {
            fn from(code: &str) -> Self {
                match code.trim() {
                    $($code => Self::$variant,)+
                    other => Self::Unrecognized($crate::codes::Unrecognized::new(other)),
                }
            }
        }

        impl ::core::fmt::Debug for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(
                        ::core::concat!(::core::stringify!($variant), "(", $code, ")"),
                    ),)+
                    Self::Unrecognized(code) => code.fmt(f),
                }
            }
        }

        impl ::core::fmt::Display for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::__text_conversions! {
            $table, $crate::codes::plain;

            fn unsendable(&self) -> ::core::option::Option<(&'static str, &'static str)> {
                match self {
                    $(Self::$variant => $crate::open_enum!(@unsendable $($mark)?),)+
                    Self::Unrecognized(_) => ::core::option::Option::Some(
                        ("unlisted", "must be a code that the document lists"),
                    ),
                }
            }
        }

        $crate::__json_schema!($table, _generator, $crate::schema::codes(&[$($code),+]));
    };
    (@unsendable read_only) => {
        ::core::option::Option::Some(("read-only", "must not be a code that is only received"))
    };
    (@unsendable) => { ::core::option::Option::None };
}

/// Implements what code tables and string newtypes have in common. `$text` has
/// `From<&str>` and `as_str`; `$normalize` is applied to a received text, and
/// `$method` is a further method of `FieldValue`.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_conversions {
    ($text:ident, $normalize:path; $($method:tt)*) => {
        impl ::core::convert::From<::std::string::String> for $text {
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::core::convert::AsRef<str> for $text {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::validate::FieldValue for $text {
            fn as_text(&self) -> ::core::option::Option<$crate::__private::Cow<'_, str>> {
                ::core::option::Option::Some($crate::__private::Cow::Borrowed(self.as_str()))
            }

            $($method)*
        }

        impl $crate::__private::serde::Serialize for $text {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $text {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::value::text(deserializer, |text| {
                    ::core::result::Result::Ok(Self::from(&*$normalize(text)))
                })
            }
        }
    };
}
