//! Declaring messages, with a row per field: [`message!`](crate::message!).
//!
//! The macro and the modules here define what a row means for a struct, its
//! builder, its validation and its JSON. The modules are public because the macro
//! refers to them in other crates; programs use the generated items.

pub mod encoding;
mod operation;
pub mod presence;

pub use encoding::{Encode, Fraction, Number};
pub use presence::{
    Presence, entries, list, optional, optional_entries, optional_list, received, required,
};

/// Declares a message, with a row per field.
///
/// A row consists of the struct's field, its name on the wire (with aliases for
/// reading after `|`), its presence, its type, and its constraints, which are
/// checked before sending:
///
/// | presence | field of the struct |
/// |---|---|
/// | `required` | `T` |
/// | `optional` | `Option<T>` |
/// | `received` | [`Received<T>`](crate::Received): preserves an unreadable value |
/// | `list`, `optional_list` | `Vec<T>`, optionally with limits on its length: `[1..=50]` |
/// | `entries`, `optional_entries` | [`Entries<T>`](crate::Entries): preserves unreadable entries |
///
/// | check | constraint |
/// |---|---|
/// | `text(1..=50)`, `text(.., "^[0-9]+$")` | the format of the type, the length of a text in characters, and a pattern |
/// | `text(..=3; 1..)` | the same of a whole number as text, and a range of values |
/// | `range(1..=999)` | the range of a number or an amount |
/// | `one_of("1", "2")` | the allowed values of a text or a code |
/// | `listed` | a code that its table lists and that may be sent |
///
/// Objects are validated as well. `as number` and `as fraction` after the type select an encoding other than the
/// type's native one. The name `"$plain"` marks the field that holds the text if a
/// plain text is received in place of the object.
///
/// After the struct, `identity` lists the names of the fields that identify an
/// object of a list, and `rules` lists conditions between fields.
///
/// The macro generates the struct, its builder, and implementations of `Validate`,
/// `Serialize`, `Deserialize` and, with the feature `schemars`, `JsonSchema`.
///
/// ```
/// use skypay_runtime::{Amount, PersonName, Sensitive};
///
/// skypay_runtime::message! {
///     /// An order.
///     pub struct Order, OrderBuilder {
///         /// Who pays.
///         sender "sender": required String { text(1..=100) };
///         /// Who is paid.
///         name "name": required PersonName { text(..=50) };
///         /// What is paid.
///         amount "amount": required Amount { range(Amount::from_centavos(1)..) };
///         /// Where the money goes.
///         purse_no "purseNo" | "account": optional Sensitive { text(1..=50, "^[0-9]+$") };
///     }
///     rules {
///         "large-needs-account" requires ["purseNo"], reason "only small amounts are paid in cash";
///     }
/// }
/// ```
///
/// A mistake in a row is a compile error that names the field.
#[macro_export]
macro_rules! message {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident, $builder:ident {
            $(
                $(#[doc = $doc:literal])*
                $(#[deprecated $($deprecated:tt)*])?
                $field:ident $wire:literal $(| $alias:literal)*:
                    $presence:ident $ty:ty $(as $encoding:ident)? $([$($count:tt)*])?
                    $({ $($check:ident $(($($limit:tt)*))?),* $(,)? })?;
            )*
        }
        $(identity [$($identity:literal $(| $other:literal)*),* $(,)?];)?
        $(rules { $($rules:tt)* })?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                $(#[deprecated $($deprecated)*])?
                pub $field: $crate::__stored!($wire $presence $ty),
            )*
        }

        impl $name {
            /// Returns a builder; its `build` reports every invalid field.
            pub fn builder() -> $builder {
                ::core::default::Default::default()
            }
        }

        #[doc = ::core::concat!("Builds a [`", ::core::stringify!($name), "`].")]
        #[derive(Clone, Debug, Default)]
        #[must_use]
        pub struct $builder {
            $($field: $crate::message::presence::Slot<$crate::__stored!($wire $presence $ty)>,)*
        }

        impl $builder {
            $($crate::__setter! {
                { $(#[doc = $doc])* $(#[deprecated $($deprecated)*])? } $field $presence $ty
            })*

            /// Calls a setter of this builder if there is a value:
            #[doc = ::core::concat!(
                "`.maybe(", ::core::stringify!($builder), "::field, value)`.",
            )]
            pub fn maybe<T>(
                self,
                setter: impl ::core::ops::FnOnce(Self, T) -> Self,
                value: ::core::option::Option<T>,
            ) -> Self {
                match value {
                    ::core::option::Option::Some(value) => setter(self, value),
                    ::core::option::Option::None => self,
                }
            }

            /// Builds the message and validates it against the document's
            /// constraints.
            ///
            /// # Errors
            ///
            /// All fields that are missing or cannot be converted; if there are none, all
            /// violated constraints.
            #[allow(deprecated, reason = "the fields are still in the message")]
            #[allow(unused_mut, reason = "a message may have no fields")]
            pub fn build(mut self) -> ::core::result::Result<$name, $crate::Invalid> {
                let mut at = $crate::Violations::default();
                $($crate::message::presence::complete::<$crate::message::$presence, $ty>(
                    &mut self.$field, $wire, &mut at,
                );)*
                // What a pattern of all fields would drop if one were missing was a third
                // of the code that is compiled for a message.
                let message = 'built: {
                    ::core::option::Option::Some($name {
                        $($field: match $crate::message::presence::take(&mut self.$field) {
                            ::core::option::Option::Some(value) => value,
                            ::core::option::Option::None => break 'built ::core::option::Option::None,
                        },)*
                    })
                };
                let ::core::option::Option::Some(message) = message else {
                    return ::core::result::Result::Err($crate::Invalid::from(at));
                };
                match at.check(&message) {
                    ::core::result::Result::Ok(()) => ::core::result::Result::Ok(message),
                    ::core::result::Result::Err(invalid) => ::core::result::Result::Err(invalid),
                }
            }
        }

        #[allow(deprecated, reason = "the fields are still in the message")]
        const _: () = {
            use $crate::__private::serde;
            use $crate::message::presence;

            impl $crate::Validate for $name {
                fn check(&self, at: &mut $crate::Violations) {
                    $(
                        $(presence::count::<presence::$presence, $ty>(
                            &self.$field, $wire, at, &($($count)*)
                        );)?
                        presence::check::<presence::$presence, $ty>(
                            &self.$field, $wire, at, &[$($($crate::__check!(
                                $wire $ty, $check $(($($limit)*))?
                            )),*)?],
                        );
                    )*
                    let _ = &at;
                    $($crate::__rules!(@check self at $($rules)*);)?
                }

                $crate::__rules! { $([$wire $field $presence $ty])* $({ $($rules)* })? }
            }

            impl serde::Serialize for $name {
                fn serialize<__S: serde::Serializer>(
                    &self,
                    serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    let fields: &[&str] = &[$($wire),*];
                    #[allow(unused_mut, reason = "a message may have no fields")]
                    let mut state = serde::Serializer::serialize_struct(
                        serializer,
                        ::core::stringify!($name),
                        fields.len(),
                    )?;
                    $(presence::write::<
                        presence::$presence, $ty, $crate::__encoding!($wire $ty $(, $encoding)?), _,
                    >(&mut state, $wire, &self.$field)?;)*
                    serde::ser::SerializeStruct::end(state)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<__D: serde::Deserializer<'de>>(
                    deserializer: __D,
                ) -> ::core::result::Result<Self, __D::Error> {
                    struct __Fields;

                    impl<'de> serde::de::Visitor<'de> for __Fields {
                        type Value = $name;

                        fn expecting(
                            &self,
                            f: &mut ::core::fmt::Formatter<'_>,
                        ) -> ::core::fmt::Result {
                            f.write_str("an object")
                        }

                        fn visit_map<__A: serde::de::MapAccess<'de>>(
                            self,
                            mut map: __A,
                        ) -> ::core::result::Result<$name, __A::Error> {
                            $(let mut $field = ::core::option::Option::None;)*
                            while let ::core::option::Option::Some(key) =
                                map.next_key_seed($crate::value::Text)?
                            {
                                match &*key {
                                    $($wire $(| $alias)* => presence::read::<presence::$presence, $ty, _>(
                                        &mut $field, $wire, &mut map,
                                    ),)*
                                    _ => map.next_value::<serde::de::IgnoredAny>().map(|_| ()),
                                }?;
                            }
                            ::core::result::Result::Ok($name {
                                $($field: presence::read_or_absent::<presence::$presence, $ty, _>(
                                    $field, $wire,
                                )?,)*
                            })
                        }
                    }

                    serde::Deserializer::deserialize_struct(
                        deserializer,
                        ::core::stringify!($name),
                        &[$($wire, $($alias,)*)*],
                        __Fields,
                    )
                }
            }

            impl $crate::validate::FieldValue for $name {
                fn as_object(&self) -> ::core::option::Option<&dyn $crate::Validate> {
                    ::core::option::Option::Some(self)
                }
            }

            $(impl $crate::received::Entry for $name {
                const IDENTITY: &'static [&'static [&'static str]] =
                    &[$(&[$identity $(, $other)*]),*];
            })?

            $crate::__json_schema! { $name, generator, {
                let mut object = $crate::schema::object(&[$($about),*]);
                let _ = (&generator, &mut object);
                $(
                    let property = $crate::schema::property::<
                        presence::$presence, $ty, $crate::__encoding!($wire $ty $(, $encoding)?),
                    >(generator, &mut object, $wire, &[$($doc),*]);
                    let _ = &property;
                    $($crate::schema::alias(property, $alias);)*
                    $($crate::schema::deprecated(property, ::core::stringify!($($deprecated)*));)?
                    $($($crate::__describe!(property, $ty, $check $(($($limit)*))?);)*)?
                )*
                $crate::schema::finish(object)
            } }
        };
    };
}

/// The type of a field in the struct.
#[doc(hidden)]
#[macro_export]
macro_rules! __stored {
    ($wire:literal required $ty:ty) => { $ty };
    ($wire:literal optional $ty:ty) => { ::core::option::Option<$ty> };
    ($wire:literal received $ty:ty) => { $crate::Received<$ty> };
    ($wire:literal list $ty:ty) => { ::std::vec::Vec<$ty> };
    ($wire:literal optional_list $ty:ty) => { ::std::vec::Vec<$ty> };
    ($wire:literal entries $ty:ty) => { $crate::Entries<$ty> };
    ($wire:literal optional_entries $ty:ty) => { $crate::Entries<$ty> };
    ($wire:literal $other:ident $ty:ty) => {
        ::core::compile_error!(::core::concat!(
            "field `", $wire, "`: unknown presence `", ::core::stringify!($other), "`",
        ))
    };
}

/// The setter of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __setter {
    ($about:tt $field:ident list $ty:ty) => {
        $crate::__setter!(@items $about $field list $ty);
    };
    ($about:tt $field:ident optional_list $ty:ty) => {
        $crate::__setter!(@items $about $field optional_list $ty);
    };
    ($about:tt $field:ident entries $ty:ty) => {
        $crate::__setter!(@items $about $field entries $ty);
    };
    ($about:tt $field:ident optional_entries $ty:ty) => {
        $crate::__setter!(@items $about $field optional_entries $ty);
    };
    (@items { $($about:tt)* } $field:ident $presence:ident $ty:ty) => {
        $($about)*
        pub fn $field(
            mut self,
            items: impl ::core::iter::IntoIterator<Item: ::core::convert::Into<$ty>>,
        ) -> Self {
            $crate::message::presence::set_items::<$crate::message::$presence, $ty>(
                &mut self.$field, items,
            );
            self
        }
    };
    ({ $($about:tt)* } $field:ident $presence:ident $ty:ty) => {
        $($about)*
        pub fn $field(
            mut self,
            value: impl ::core::convert::TryInto<$ty, Error: ::core::fmt::Display>,
        ) -> Self {
            $crate::message::presence::set::<$crate::message::$presence, $ty>(
                &mut self.$field, value,
            );
            self
        }
    };
}

/// The conditions between fields: `@check` checks them, and the other form
/// implements `text_of` for a message that has some.
#[doc(hidden)]
#[macro_export]
macro_rules! __rules {
    (@check $this:ident $at:ident $(
        $id:literal $(when $when:literal in [$($value:literal),*],)?
        $(requires [$($require:literal),*],)? $(forbids [$($forbid:literal),*],)?
        $(matches [$($match:literal $pattern:literal),*],)? reason $reason:literal;
    )*) => {
        static RULES: &[$crate::validate::Rule] = &[$($crate::validate::Rule {
            id: $id,
            when: &[$(($when, &[$($value),*]))?],
            require: &[$($($require),*)?],
            forbid: &[$($($forbid),*)?],
            matches: &[$($(($match, $crate::__pattern!($pattern))),*)?],
            reason: $reason,
        }),*];
        for rule in RULES {
            rule.check($this, $at);
        }
    };
    ($([$wire:literal $field:ident $presence:ident $ty:ty])*) => {};
    ($([$wire:literal $field:ident $presence:ident $ty:ty])* { $($rules:tt)* }) => {
        fn text_of(
            &self,
            field: &str,
        ) -> ::core::option::Option<$crate::__private::Cow<'_, str>> {
            match field {
                $($wire => presence::text::<presence::$presence, $ty>(&self.$field),)*
                _ => ::core::option::Option::None,
            }
        }
    };
}

/// A check of a value.
#[doc(hidden)]
#[macro_export]
macro_rules! __check {
    ($wire:literal $ty:ty, text($length:expr $(, $pattern:literal)? $(; $range:expr)?)) => {
        $crate::validate::Check::Text(
            $crate::validate::Range::new::<usize>(&$length),
            &[$($crate::__pattern!($pattern))?],
            &[$($crate::validate::Range::new::<u64>(&$range))?],
        )
    };
    ($wire:literal $ty:ty, range($range:expr)) => {
        $crate::validate::Check::Range($crate::validate::Range::new::<$ty>(&$range))
    };
    ($wire:literal $ty:ty, one_of($($code:literal),*)) => {
        $crate::validate::Check::OneOf(&[$($code),*])
    };
    ($wire:literal $ty:ty, listed) => {{
        let _ = <$ty>::is_listed;
        $crate::validate::Check::Listed
    }};
    ($wire:literal $ty:ty, $check:ident $($limit:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "field `", $wire, "`: unknown check `", ::core::stringify!($check $($limit)*), "`",
        ))
    };
}

/// A regular expression that is compiled once.
#[doc(hidden)]
#[macro_export]
macro_rules! __pattern {
    ($source:literal) => {{
        static PATTERN: $crate::validate::Pattern = $crate::validate::Pattern::new($source);
        &PATTERN
    }};
}

/// What a check adds to a JSON Schema: the length of a text.
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($property:ident, $ty:ty, text($length:expr $(, $pattern:literal)? $(; $range:expr)?)) => {
        $crate::schema::length::<$ty>($property, $length)
    };
    ($property:ident, $ty:ty, $($other:tt)*) => {};
}

/// The type whose encoding and JSON Schema a value has.
#[doc(hidden)]
#[macro_export]
macro_rules! __encoding {
    ($wire:literal $ty:ty) => { $ty };
    ($wire:literal $ty:ty, number) => { $crate::message::Number<$ty> };
    ($wire:literal $ty:ty, fraction) => { $crate::message::Fraction<$ty> };
    ($wire:literal $ty:ty, $other:ident) => {
        ::core::compile_error!(::core::concat!(
            "field `", $wire, "`: unknown encoding `", ::core::stringify!($other), "`",
        ))
    };
}

/// Implements `JsonSchema` for a type, if this crate has the feature `schemars`.
#[cfg(feature = "schemars")]
#[doc(hidden)]
#[macro_export]
macro_rules! __json_schema {
    ($name:ident, $generator:ident, $schema:expr) => {
        impl $crate::__private::schemars::JsonSchema for $name {
            fn schema_name() -> $crate::__private::Cow<'static, str> {
                ::core::stringify!($name).into()
            }

            fn schema_id() -> $crate::__private::Cow<'static, str> {
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)).into()
            }

            fn json_schema(
                $generator: &mut $crate::__private::schemars::SchemaGenerator,
            ) -> $crate::__private::schemars::Schema {
                $schema
            }
        }
    };
}

/// Implements `JsonSchema` for a type, if this crate has the feature `schemars`.
#[cfg(not(feature = "schemars"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __json_schema {
    ($($content:tt)*) => {};
}
