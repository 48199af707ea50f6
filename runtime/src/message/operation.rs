//! Declaring operations and responses: [`operation!`](crate::operation!) and
//! [`response!`](crate::response!).

/// Declares an operation: its messages and its metadata.
///
/// The lines up to `retry` are required; the other fields of [`OperationInfo`] are
/// optional. Then follow the return codes, each with its outcome and optionally the
/// vendor's text, `refuses keys`, and `retry after` an event; and the fields that
/// identify the request's transactions and the notification.
///
/// [`OperationInfo`]: crate::OperationInfo
#[macro_export]
macro_rules! operation {
    (
        $request:ident -> $response:ident {
            name: $name:expr,
            path_fragment: $path_fragment:expr,
            action: $action:expr,
            summary: $summary:expr,
            direction: Direction::$direction:ident,
            mode: Mode::$mode:ident,
            effect: Effect::$effect:ident,
            retry: Retry::$retry:ident,
            $($fact:ident: $value:expr,)*
        }
        codes {
            $($code:literal: Outcome::$outcome:ident $($text:literal)? $(, refuses $keys:ident)?
                $(, retry after $event:ident)?;)*
        }
        $(transaction_ids |$this:ident| $transaction_ids:expr;)?
        $(delivery_key { $($delivery_wire:literal $delivery:ident),* };)?
        $(effect_key { $($effect_wire:literal $effect_field:ident),* };)?
    ) => {
        #[allow(deprecated, reason = "the fields are still in the message")]
        impl $crate::Operation for $request {
            type Response = $response;

            const INFO: &'static $crate::OperationInfo = &$crate::OperationInfo {
                name: $name,
                path_fragment: $path_fragment,
                action: $action,
                summary: $summary,
                direction: $crate::Direction::$direction,
                mode: $crate::Mode::$mode,
                effect: $crate::Effect::$effect,
                retry: $crate::Retry::$retry,
                codes: &[$($crate::ReturnCode {
                    code: $code,
                    outcome: $crate::Outcome::$outcome,
                    vendor_text: $crate::operation!(@optional $($text)?),
                    refuses_keys: $crate::operation!(@is $($keys)?),
                    retry_after: $crate::operation!(@optional $($crate::RetryAfter::$event)?),
                }),*],
                $(delivery_key: &[$($delivery_wire),*],)?
                $(effect_key: &[$($effect_wire),*],)?
                $($fact: $value,)*
                ..$crate::OperationInfo::BARE
            };

            $(fn transaction_ids(&self) -> ::std::vec::Vec<&str> {
                let $this = self;
                $transaction_ids
            })?

            $(fn delivery_key(&self) -> ::core::option::Option<$crate::MessageKey> {
                $crate::MessageKey::of(&[$($crate::validate::FieldValue::key_text(&self.$delivery)),*])
            })?

            $(fn effect_key(&self) -> ::core::option::Option<$crate::MessageKey> {
                $crate::MessageKey::of(&[$($crate::validate::FieldValue::key_text(&self.$effect_field)),*])
            })?
        }
    };
    (@optional) => { ::core::option::Option::None };
    (@optional $value:expr) => { ::core::option::Option::Some($value) };
    (@is) => { false };
    (@is keys) => { true };
}

/// Declares a response: the type of its return codes, and the fields for the time
/// of the response (`time`), the return code (`code`) and its description
/// (`description`). Fields marked `always` are in every response and are filled in
/// when it is sent.
#[macro_export]
macro_rules! response {
    ($response:ident: $codes:ty { $($role:ident $field:ident $($always:ident)?),* $(,)? }) => {
        #[allow(deprecated, reason = "the fields are still in the message")]
        impl $crate::Response for $response {
            type Code = $codes;

            $($crate::response!(@get $role $field);)*

            fn fill_header(&mut self, values: &$crate::HeaderValues<'_>) {
                let _ = values;
                $($($crate::response!(@$always self values $role $field);)?)*
            }
        }
    };
    (@get time $field:ident) => {
        fn response_time(&self) -> ::core::option::Option<$crate::DateTime> {
            *self.$field.as_ref().ok()?
        }
    };
    (@get code $field:ident) => {
        fn response_code(&self) -> ::core::option::Option<&str> {
            self.$field.as_ref().map(::core::convert::AsRef::as_ref)
        }
    };
    (@get description $field:ident) => {
        fn response_description(&self) -> ::core::option::Option<&str> {
            self.$field.as_ref().ok()?.as_ref().map(::core::convert::AsRef::as_ref)
        }
    };
    (@always $this:ident $values:ident time $field:ident) => {
        $this.$field = ::core::result::Result::Ok(::core::option::Option::Some($values.time));
    };
    (@always $this:ident $values:ident code $field:ident) => {
        $this.$field = ::core::option::Option::Some($values.code.into());
    };
    (@always $this:ident $values:ident description $field:ident) => {
        $this.$field = ::core::result::Result::Ok(::core::option::Option::Some($values.description.into()));
    };
}
