//! Texts with a type of their own.

/// Declares a newtype around a `String`, with its conversions to and from text
/// and JSON.
///
/// A `public` text shows itself, a `sensitive` one is masked in `Debug` and has
/// no `Display`. Neither ever rejects a text: the document's constraints are
/// checked where a message is validated.
///
/// ```
/// skypay_runtime::string_newtype! {
///     /// A control number.
///     pub struct ControlNumber: public;
/// }
///
/// skypay_runtime::string_newtype! {
///     /// A mobile number.
///     pub struct Phone: sensitive;
/// }
///
/// assert_eq!(ControlNumber::new("SKY9800000101").to_string(), "SKY9800000101");
/// assert_eq!(format!("{:?}", Phone::new("09123456789")), "Phone([masked])");
/// ```
#[macro_export]
macro_rules! string_newtype {
    ($(#[$about:meta])* pub struct $text:ident: $kind:ident;) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $text(::std::string::String);

        impl $text {
            /// The text, unchecked.
            #[must_use]
            pub fn new(text: impl ::core::convert::Into<::std::string::String>) -> Self {
                Self(text.into())
            }

            /// The text as on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::core::convert::From<&str> for $text {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl ::core::convert::From<::std::string::String> for $text {
            fn from(text: ::std::string::String) -> Self {
                Self(text)
            }
        }

        $crate::__text_conversions!($text, ::core::convert::identity);
        $crate::string_newtype!(@$kind $text);

        $crate::__if_schemars! {
            impl $crate::__private::schemars::JsonSchema for $text {
                fn schema_name() -> $crate::__private::Cow<'static, str> {
                    ::core::stringify!($text).into()
                }

                fn schema_id() -> $crate::__private::Cow<'static, str> {
                    ::core::concat!(::core::module_path!(), "::", ::core::stringify!($text)).into()
                }

                fn json_schema(
                    _: &mut $crate::__private::schemars::SchemaGenerator,
                ) -> $crate::__private::schemars::Schema {
                    $crate::schema::text()
                }
            }
        }
    };
    (@public $text:ident) => {
        impl ::core::fmt::Debug for $text {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_tuple(::core::stringify!($text)).field(&self.0).finish()
            }
        }

        impl ::core::fmt::Display for $text {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    (@sensitive $text:ident) => {
        impl ::core::fmt::Debug for $text {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(::core::concat!(::core::stringify!($text), "([masked])"))
            }
        }
    };
}

#[cfg(test)]
#[expect(
    unreachable_pub,
    reason = "what the macro writes is meant for other crates"
)]
mod tests {
    use proptest::prelude::*;

    use crate::read::from_slice;

    string_newtype! {
        /// A number.
        pub struct Number: public;
    }

    string_newtype! {
        /// A mobile number.
        pub struct Phone: sensitive;
    }

    #[test]
    fn a_public_text_shows_itself() {
        let number = Number::new("SKY98001");
        assert_eq!(
            format!("{number} {number:?}"),
            r#"SKY98001 Number("SKY98001")"#
        );
        assert_eq!(number.as_ref(), "SKY98001");
        assert_eq!("SKY98001".parse(), Ok(number));
    }

    #[test]
    fn a_sensitive_text_does_not() {
        assert_eq!(
            format!("{:?}", Some(Phone::from("09123456789"))),
            "Some(Phone([masked]))"
        );
    }

    #[test]
    fn blanks_around_what_is_received_are_ignored() {
        let number: Number = serde_json::from_str(r#"" 12 ""#).unwrap();
        assert_eq!(number, Number::new("12"));
        assert_eq!(
            from_slice::<Phone>(b"9123456789"),
            Ok(Phone::new("9123456789"))
        );
    }

    proptest! {
        #[test]
        fn no_text_is_rejected_or_changed(text in "[^\\s](.{0,20}[^\\s])?") {
            let number = Number::from(text.clone());
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&text).unwrap());
            prop_assert_eq!(serde_json::from_str::<Number>(&json).unwrap(), number);
        }

        #[test]
        fn blanks_around_it_are_never_part_of_what_is_received(
            text in "[^\\s](.{0,20}[^\\s])?",
            before in "[ \t\r\n]{0,3}",
            behind in "\\s{0,3}",
        ) {
            let json = serde_json::to_string(&format!("{before}{text}{behind}")).unwrap();
            prop_assert_eq!(serde_json::from_str::<Number>(&json).unwrap(), Number::new(text));
        }
    }
}
