//! The first page: what a partner has to know, and how things stand.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::layout;
use super::words::pesos;
use super::{Shared, answer};

pub(crate) async fn page(State(office): Shared) -> Response {
    let content = {
        let state = office.house.state();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for payout in state.payouts() {
            *counts.entry(payout.status.to_string()).or_default() += 1;
        }
        html! {
            section aria-labelledby="balances" {
                h2 id="balances" { "Balances" }
                table {
                    thead { tr { th { "Prefix" } th.number { "Balance" } th.number { "Held" } } }
                    tbody {
                        @for (prefix, account) in &state.ledger().accounts {
                            tr {
                                th scope="row" { (prefix) }
                                td.number { (pesos(account.balance)) }
                                td.number { (pesos(account.held)) }
                            }
                        }
                    }
                }
            }
            section aria-labelledby="payouts" {
                h2 id="payouts" { "Payouts" }
                dl.counts {
                    @for (status, count) in &counts {
                        div { dt { (status) } dd { (count) } }
                    }
                }
            }
        }
    };
    answer(layout::page(&office, "/", "Overview", &content))
}
