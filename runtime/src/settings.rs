//! Setters for configuration types.

/// Generates a setter per row: its documentation, the field that it sets, and its
/// type.
macro_rules! setters {
    ($($(#[$doc:meta])+ $field:ident: $type:ty;)+) => {
        $(
            $(#[$doc])+
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            }
        )+
    };
}
pub(crate) use setters;
