//! Code tables: enums that keep what they do not know.

use std::fmt;

#[doc(hidden)]
pub use crate::value::number::plain;

/// A code, as [`open_enum!`](crate::open_enum!) declares it, or none.
pub trait Code {
    /// Whether the document lists the code.
    fn is_listed(&self) -> bool;

    /// Whether the code is only ever received.
    fn is_read_only(&self) -> bool;
}

/// What is absent is nothing to object to.
impl<C: Code> Code for Option<C> {
    fn is_listed(&self) -> bool {
        self.as_ref().is_none_or(Code::is_listed)
    }

    fn is_read_only(&self) -> bool {
        self.as_ref().is_some_and(Code::is_read_only)
    }
}

/// What a code says of a payout's money.
///
/// A code that the document does not list says nothing, and neither does an
/// absent one: the methods that return this return `None` for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoneyState {
    /// The payee has the money.
    Paid,
    /// The payout failed.
    Failed,
    /// The payout is cancelled for good.
    Cancelled,
    /// Nothing is decided: the payout may still be paid, fail or be cancelled.
    Open,
    /// No payout was found. That is no proof that none exists, and not a
    /// failure.
    Absent,
    /// The code reports a change of the payout's data and says nothing of its
    /// money.
    Amendment,
}

/// A code that the document does not list, as it was received.
///
/// There is no way to make one of these from a code that is listed: it comes
/// out of the conversion from text, which looks into the table first.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unrecognized(String);

impl Unrecognized {
    #[doc(hidden)]
    #[must_use]
    pub fn keep(code: &str) -> Self {
        Self(code.to_owned())
    }

    /// The code as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Unrecognized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Declares an open enum: a table of codes, with a row per code, that keeps a
/// code which it does not list.
///
/// The enum has a unit variant for every code and one more,
/// `Unrecognized(Unrecognized)`. A code that is received but never sent is
/// marked `read_only`.
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
/// assert!(Channel::Store.is_read_only());
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
            /// A value that the document does not list, kept as it came.
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

            /// Whether the code is only ever received.
            #[must_use]
            pub fn is_read_only(&self) -> bool {
                match self {
                    $(Self::$variant => $crate::open_enum!(@is $($mark)?),)+
                    Self::Unrecognized(_) => false,
                }
            }
        }

        impl $crate::codes::Code for $table {
            fn is_listed(&self) -> bool {
                self.is_listed()
            }

            fn is_read_only(&self) -> bool {
                self.is_read_only()
            }
        }

        impl ::core::convert::From<&str> for $table {
            fn from(code: &str) -> Self {
                match code.trim() {
                    $($code => Self::$variant,)+
                    other => Self::Unrecognized($crate::codes::Unrecognized::keep(other)),
                }
            }
        }

        impl ::core::convert::From<::std::string::String> for $table {
            fn from(code: ::std::string::String) -> Self {
                Self::from(code.as_str())
            }
        }

        impl ::core::convert::From<$table> for $crate::__private::Cow<'static, str> {
            fn from(code: $table) -> Self {
                match code {
                    $($table::$variant => Self::Borrowed($code),)+
                    $table::Unrecognized(code) => Self::Owned(code.as_str().to_owned()),
                }
            }
        }

        impl ::core::fmt::Debug for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str(
                        ::core::concat!(::core::stringify!($variant), "(", $code, ")"),
                    ),)+
                    Self::Unrecognized(code) => f.debug_tuple("Unrecognized").field(code).finish(),
                }
            }
        }

        impl ::core::fmt::Display for $table {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $crate::__text_conversions!($table, $crate::codes::plain);

        $crate::__if_schemars! {
            impl $crate::__private::schemars::JsonSchema for $table {
                fn schema_name() -> $crate::__private::Cow<'static, str> {
                    ::core::stringify!($table).into()
                }

                fn schema_id() -> $crate::__private::Cow<'static, str> {
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!($table)).into()
                }

                fn json_schema(
                    _: &mut $crate::__private::schemars::SchemaGenerator,
                ) -> $crate::__private::schemars::Schema {
                    $crate::schema::codes(&[$($code),+])
                }
            }
        }
    };
    (@is read_only) => { true };
    (@is) => { false };
}

/// What code tables and texts have in common. `$text` has `From<&str>` and
/// `as_str`; `$meant` says what is meant by a text that is received.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_conversions {
    ($text:ident, $meant:path) => {
        impl ::core::str::FromStr for $text {
            type Err = ::core::convert::Infallible;

            // `Self::Err` would be a code of that name.
            fn from_str(text: &str) -> ::core::result::Result<Self, ::core::convert::Infallible> {
                ::core::result::Result::Ok(Self::from(text))
            }
        }

        impl ::core::convert::AsRef<str> for $text {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::validate::AsText for $text {
            fn as_text(&self) -> ::core::option::Option<$crate::__private::Cow<'_, str>> {
                ::core::option::Option::Some($crate::__private::Cow::Borrowed(self.as_str()))
            }
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
                    ::core::result::Result::Ok(Self::from(&*$meant(text)))
                })
            }
        }
    };
}

/// Keeps its content if this crate has the feature `schemars`.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_schemars {
    ($($content:tt)*) => { $($content)* };
}

/// Keeps its content if this crate has the feature `schemars`.
#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __if_schemars {
    ($($content:tt)*) => {};
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Code;
    use crate::read::from_slice;

    open_enum! {
        /// A table.
        pub enum Table {
            /// A code.
            One = "1",
            /// A code.
            Failed = "-1009",
            /// A code.
            Old = "13" read_only,
        }
    }

    open_enum! {
        /// The same table in another order.
        pub enum Reordered {
            /// A code.
            Old = "13" read_only,
            /// A code.
            One = "1",
            /// A code.
            Failed = "-1009",
        }
    }

    #[test]
    fn listed_codes_come_back_as_they_went() {
        for (code, text) in Table::ALL.iter().zip(["1", "-1009", "13"]) {
            assert_eq!(code.as_str(), text);
            assert_eq!(Table::from(text), *code);
            assert_eq!(Table::from(format!(" {text}\t")), *code);
            assert_eq!(text.parse::<Table>(), Ok(code.clone()));
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{text}\""));
            assert_eq!(from_slice(text.as_bytes()), Ok(code.clone()));
            assert_eq!(
                serde_json::from_str::<Table>(&format!("\" {text} \"")).unwrap(),
                *code
            );
            assert!(code.is_listed());
        }
    }

    #[test]
    fn only_what_is_marked_is_read_only() {
        let marked: Vec<_> = Table::ALL.iter().map(Table::is_read_only).collect();
        assert_eq!(marked, [false, false, true]);
        assert!(!Table::from("99").is_read_only());
        assert!(Some(Table::Old).is_read_only());
    }

    #[test]
    fn no_code_is_nothing_to_object_to() {
        assert!(None::<Table>.is_listed());
        assert!(!None::<Table>.is_read_only());
        assert!(!Some(Table::from("99")).is_listed());
    }

    #[test]
    fn a_code_may_come_as_a_number_of_another_type() {
        for (json, code) in [
            ("1.0", "1"),
            ("1E0", "1"),
            ("\"1.0\"", "1"),
            ("-1009.0", "-1009"),
            ("-1.009E3", "-1009"),
            ("13.00", "13"),
            ("99.0", "99"),
            ("1.5", "1.5"),
            ("1e999", "1e999"),
        ] {
            let read: Table = from_slice(json.as_bytes()).unwrap();
            assert_eq!(read, Table::from(code), "{json}");
        }
    }

    #[test]
    fn codes_show_their_name_and_text() {
        let codes = [Table::Failed, Table::from("9\n9")];
        assert_eq!(
            format!("{codes:?}"),
            r#"[Failed(-1009), Unrecognized("9\n9")]"#
        );
        assert_eq!(format!("{}|{}", codes[0], codes[1]), "-1009|9\n9");
    }

    proptest! {
        #[test]
        fn unknown_codes_are_kept(code in "[^\\s\\x00-\\x1f]{1,12}") {
            prop_assume!(Table::ALL.iter().all(|listed| listed.as_str() != code));
            let read: Table = serde_json::from_value(code.clone().into()).unwrap();
            prop_assert!(!read.is_listed());
            prop_assert_eq!(read.as_str(), &code);
            prop_assert_eq!(serde_json::to_value(&read).unwrap(), code.clone());
            prop_assert_eq!(Table::from(code), read);
        }

        #[test]
        fn a_code_is_what_its_text_is(
            one in "\\s{0,2}(-?1(009|3)?|[!-~]{0,6})\\s{0,2}",
            other in "-?1(009|3)?|[!-~]{0,6}",
        ) {
            let (code, second) = (Table::from(one.as_str()), Table::from(other.as_str()));
            prop_assert_eq!(code.as_str(), one.trim());
            prop_assert_eq!(code == second, one.trim() == other);
            let listed = Table::ALL.iter().any(|listed| listed.as_str() == one.trim());
            prop_assert_eq!(code.is_listed(), listed);
        }

        #[test]
        fn the_order_of_a_table_decides_nothing(text in "\\s?(-?1(009|3)?|.{0,6})\\s?") {
            let (code, other) = (Table::from(text.as_str()), Reordered::from(text.as_str()));
            prop_assert_eq!(code.as_str(), other.as_str());
            prop_assert_eq!(code.is_listed(), Reordered::ALL.contains(&other));
            prop_assert_eq!(code.is_read_only(), other.is_read_only());
            prop_assert_eq!(format!("{code:?}"), format!("{other:?}"));
        }
    }
}
