//! Queries: payout status, reports and balances.

use skypay_types::{
    Amount, BalanceQueryRequest, BalanceQueryResponse, CollectionReportEntry,
    CollectionReportEntryBuilder, Date, DateType, GetReportCollectionRequest,
    GetReportCollectionResponse, GetReportPayoutRequest, GetReportPayoutResponse, Invalid,
    PayoutChannel, PayoutQueryStatusRequest, PayoutQueryStatusResponse, PayoutReportEntry,
    PayoutReportEntryBuilder, PayoutStatus, PayoutStatusEntry, PayoutStatusEntryBuilder,
    ResponseCode,
};

use super::behaviors;
use super::cash_pickup::{CashPickup, StoreStatus};
use super::collection::Collection;
use super::payout::Payout;
use super::refused::Refused;
use super::row::Row;
use super::rows::{Entity, Report};
use super::timestamp::{Duration, Timestamp};
use super::transaction::Transaction;

impl Transaction<'_> {
    pub(crate) fn payout_query_status(
        &mut self,
        request: &PayoutQueryStatusRequest,
    ) -> Result<PayoutQueryStatusResponse, Refused> {
        let mut rows = Vec::new();
        let time = self.at.minus(self.age);
        for entry in &request.control_numbers {
            let number = entry.control_number.as_str();
            let shown = self.state.behavior(behaviors::CASH_PICKUP_STATUS) == "shown";
            let cash_pickup = self.state.cash_pickup(number);
            let cash_pickup = cash_pickup.filter(|payout| shown && payout.created <= time);
            let row = if let Some(payout) = self.visible(number, time) {
                Some(self.status_of(&payout)?)
            } else if let Some(mut payout) = cash_pickup {
                if payout.pay_time.is_some_and(|paid| paid > time) {
                    payout.status = StoreStatus::Confirming;
                }
                Some(self.status_at_counter(&payout)?)
            } else {
                self.status_of_unknown(number)?
            };
            rows.extend(row);
        }
        let response = PayoutQueryStatusResponse::builder().control_numbers(rows);
        Ok(response.build()?)
    }

    /// Returns a payout as it was at a time, if it was already visible to queries.
    fn visible(&self, number: &str, time: Timestamp) -> Option<Payout> {
        let mut all = self.state.payouts(number).into_iter().rev();
        let payout = all.find_map(|payout| payout.at(time))?;
        let delay = match self.state.behavior(behaviors::QUERY_DELAY) {
            "300s" => Duration::seconds(300),
            _ => Duration::NONE,
        };
        (payout.created.plus(delay) <= time).then_some(payout)
    }

    fn status_of(&self, payout: &Payout) -> Result<PayoutStatusEntry, Invalid> {
        let reference = payout.reference.as_deref();
        let trace = reference.filter(|_| payout.channel == PayoutChannel::MLhuillier);
        PayoutStatusEntry::builder()
            .control_number(payout.control_number.as_str())
            .transaction_date(payout.created.date_time())
            .status(payout.status.clone())
            .status_description(self.words_for(&payout.status))
            .withdraw_channel(self.channel_words(&payout.channel))
            .maybe(PayoutStatusEntryBuilder::pay_time, payout.pay_time)
            .maybe(PayoutStatusEntryBuilder::cancel_time, payout.cancel_time)
            .maybe(PayoutStatusEntryBuilder::reference_no, reference)
            .maybe(PayoutStatusEntryBuilder::trace_no, trace)
            .build()
    }

    fn status_at_counter(&self, payout: &CashPickup) -> Result<PayoutStatusEntry, Invalid> {
        let status = match payout.status {
            StoreStatus::Completed => PayoutStatus::Completed,
            StoreStatus::Inquired | StoreStatus::Confirming => PayoutStatus::InquirySucceeded,
            StoreStatus::Inquiring | StoreStatus::Refused => PayoutStatus::InquiryFailed,
        };
        let paid = payout
            .pay_time
            .filter(|_| status == PayoutStatus::Completed);
        PayoutStatusEntry::builder()
            .control_number(payout.control_number.as_str())
            .transaction_date(payout.created.date_time())
            .status_description(self.words_for(&status))
            .withdraw_channel(self.channel_words(&payout.channel))
            .maybe(PayoutStatusEntryBuilder::pay_time, paid)
            .status(status)
            .build()
    }

    fn status_of_unknown(&self, number: &str) -> Result<Option<PayoutStatusEntry>, Refused> {
        match self.state.behavior(behaviors::UNKNOWN_NUMBER) {
            "inquiry-failed" => {
                let status = PayoutStatus::InquiryFailed;
                let row = PayoutStatusEntry::builder()
                    .control_number(number)
                    .status_description(self.words_for(&status))
                    .status(status);
                Ok(Some(row.build()?))
            }
            "refused" => Err(Refused::because(ResponseCode::ControlNumberInvalid)),
            _ => Ok(None),
        }
    }

    fn words_for(&self, status: &PayoutStatus) -> &'static str {
        match status {
            PayoutStatus::Pending => "Pending",
            PayoutStatus::Completed => "Completed",
            PayoutStatus::Uploaded => "Uploaded",
            PayoutStatus::Cancelled
                if self.state.behavior(behaviors::CANCELLED_SPELLING) == "Canceled" =>
            {
                "Canceled"
            }
            PayoutStatus::Cancelled => "Cancelled",
            PayoutStatus::Failed => "Failed",
            PayoutStatus::InquirySucceeded => "Inquiry Success",
            PayoutStatus::InquiryFailed => "Inquiry Failure",
            _ => "Unknown",
        }
    }

    fn channel_words(&self, channel: &PayoutChannel) -> String {
        if self.state.behavior(behaviors::STATUS_CHANNEL) == "code" {
            return channel.to_string();
        }
        match channel {
            PayoutChannel::MLhuillier => "MLhuillier",
            PayoutChannel::Cebuana => "Cebuana Lhuillier",
            PayoutChannel::Bank => "Bank",
            PayoutChannel::GCash => "GCash",
            PayoutChannel::Maya => "Paymaya",
            PayoutChannel::RdPawnshop => "RD Pawnshop",
            PayoutChannel::GrabPay => "GrabPay",
            other => other.as_str(),
        }
        .to_owned()
    }

    /// Returns a page of a report.
    fn page(&self, wanted: &Wanted) -> Page {
        let most = match self.state.behavior(behaviors::REPORT_PAGE) {
            "100" => 100,
            _ => u32::MAX,
        };
        let size = wanted.size.clamp(1, most) as usize;
        let skipped = (wanted.page.max(1) as usize - 1).saturating_mul(size);
        let part = Report {
            report: wanted.report,
            by_creation: wanted.by_creation,
            first: wanted.first,
            last: wanted.last,
            until: self.behind(),
            newest_first: self.state.behavior(behaviors::REPORT_ORDER) == "newest-first",
            skipped,
            limit: size,
        };
        let (total, rows) = self.state.rows.report(&part, Row::read);
        Page {
            total: u32::try_from(total).unwrap_or(u32::MAX),
            is_last: skipped.saturating_add(size) as u64 >= total,
            rows: rows
                .into_iter()
                .filter_map(|row| ReportRow::of(row, self.at.minus(self.age)))
                .collect(),
        }
    }

    pub(crate) fn balance_query(
        &mut self,
        _: &BalanceQueryRequest,
    ) -> Result<BalanceQueryResponse, Refused> {
        let ledger = &self.state.ledger;
        let balance = match self.state.behavior(behaviors::BALANCE) {
            "sum" => ledger.balance(),
            _ => ledger
                .accounts
                .values()
                .next()
                .map_or(Amount::ZERO, |first| first.balance),
        };
        Ok(BalanceQueryResponse::builder().balance(balance).build()?)
    }
}

/// A row of a payout or collection report.
struct ReportRow {
    created: Timestamp,
    done: Option<Timestamp>,
    number: String,
    amount: Amount,
    phone: String,
    reference: Option<String>,
}

impl ReportRow {
    /// A row as it was at a time.
    fn of(row: Row, time: Timestamp) -> Option<Self> {
        let row = match row {
            Row::Payout(payout) => Row::Payout(payout.at(time)?),
            other => other,
        };
        let phone = match &row {
            Row::Payout(payout) => payout.phone.clone(),
            Row::CashPickup(payout) => payout.phone.clone().unwrap_or_default(),
            Row::Collection(collection) => collection.phone.clone(),
            _ => return None,
        };
        let columns = row.columns();
        Some(Self {
            created: columns.created,
            done: columns.done,
            number: columns.number.to_owned(),
            amount: columns.amount.unwrap_or_default(),
            reference: columns.reference,
            phone,
        })
    }
}

/// The parameters of a report.
struct Wanted {
    report: &'static str,
    first: Date,
    last: Date,
    by_creation: bool,
    page: u32,
    size: u32,
}

struct Page {
    total: u32,
    is_last: bool,
    rows: Vec<ReportRow>,
}

/// Masks a phone number as in reports.
fn masked(phone: &str) -> String {
    let shown: String = phone.chars().take(2).collect();
    let hidden = phone.chars().count().saturating_sub(2);
    shown + &"X".repeat(hidden)
}

/// Serves a report, whose entries have these names for number and time, and these
/// fixed values.
macro_rules! report {
    ($method:ident($request:ident) -> $response:ident: $kind:ident as $entry:ident, $builder:ident
        { $number:ident, $time:ident $(, $fixed:ident: $value:literal)* }) => {
        impl Transaction<'_> {
            pub(crate) fn $method(&mut self, request: &$request) -> Result<$response, Refused> {
                let page = self.page(&Wanted {
                    report: $kind::KIND,
                    first: request.start_date,
                    last: request.end_date,
                    by_creation: request.date_type == DateType::CreateDate,
                    page: request.page,
                    size: request.page_size,
                });
                let rows = page.rows.iter().map(|row| {
                    $entry::builder()
                        .create_date(row.created.date_time())
                        .$number(row.number.as_str())
                        .amount(row.amount)
                        .phone(masked(&row.phone))
                        $(.$fixed($value))*
                        .maybe($builder::$time, row.done)
                        .maybe($builder::reference_no, row.reference.as_deref())
                        .build()
                });
                let response = $response::builder()
                    .total_transactions(page.total)
                    .last_page(page.is_last)
                    .result(rows.collect::<Result<Vec<_>, Invalid>>()?);
                Ok(response.build()?)
            }
        }
    };
}

report! {
    get_report_payout(GetReportPayoutRequest) -> GetReportPayoutResponse:
        Payout as PayoutReportEntry, PayoutReportEntryBuilder
        { control_number, pay_time }
}
report! {
    get_report_collection(GetReportCollectionRequest) -> GetReportCollectionResponse:
        Collection as CollectionReportEntry, CollectionReportEntryBuilder
        { contract_number, collection_time, status: "Confirmed" }
}
