//! How values are shown on every page.

use maud::{Markup, html};
use skypay_types::Amount;

/// An amount in pesos, as a number in a column.
pub(crate) fn pesos(amount: Amount) -> Markup {
    html! { span.amount { (amount) } }
}
