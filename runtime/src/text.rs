//! String newtypes.

/// Declares a newtype around a `String`, with its conversions to and from text
/// and JSON.
///
/// A `public` text is shown by `Debug` and `Display`; a `sensitive` one is masked
/// in `Debug` and does not implement `Display`. Neither rejects any text:
/// constraints are checked when a message is validated.
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
            /// Wraps a text without checking it.
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

        $crate::__text_conversions!($text, ::core::convert::identity;);
        $crate::string_newtype!(@$kind $text);

        $crate::__json_schema!($text, _generator, $crate::schema::text());
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
