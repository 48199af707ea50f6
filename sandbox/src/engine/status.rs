//! What partners may look at: statuses, reports and balances.

use skypay_types::{
    Amount, BalanceQueryRequest, BalanceQueryResponse, CollectionReportEntry, Date, DateType,
    GetReportCollectionRequest, GetReportCollectionResponse, GetReportPayoutRequest,
    GetReportPayoutResponse, Invalid, PayoutChannel, PayoutQueryStatusRequest,
    PayoutQueryStatusResponse, PayoutReportEntry, PayoutStatus, PayoutStatusEntry, ResponseCode,
};

use super::behaviors;
use super::cash_pickup::{CashPickup, CashPickupStatus};
use super::collection::{Collection, CollectionStatus};
use super::payout::Payout;
use super::refused::Refused;
use super::timestamp::{Duration, Timestamp};
use super::transaction::Transaction;

impl Transaction<'_> {
    pub(crate) fn payout_query_status(
        &mut self,
        request: &PayoutQueryStatusRequest,
    ) -> Result<PayoutQueryStatusResponse, Refused> {
        let mut rows = Vec::new();
        for entry in &request.control_numbers {
            let number = entry.control_number.as_str();
            let row = match (self.visible(number), self.state.counter.get(number)) {
                (Some(payout), _) => Some(self.status_of(payout)?),
                (None, Some(counter))
                    if self.state.behavior(behaviors::COUNTER_STATUS) == "shown" =>
                {
                    Some(self.status_at_counter(counter)?)
                }
                _ => self.status_of_unknown(number)?,
            };
            rows.extend(row);
        }
        let response = PayoutQueryStatusResponse::builder().control_numbers(rows);
        Ok(response.build()?)
    }

    /// A payout that queries see already.
    fn visible(&self, number: &str) -> Option<&Payout> {
        let payout = self.state.payout(number)?;
        let delay = match self.state.behavior(behaviors::QUERY_DELAY) {
            "300s" => Duration::seconds(300),
            _ => Duration::NONE,
        };
        (payout.created.plus(delay) <= self.at).then_some(payout)
    }

    fn status_of(&self, payout: &Payout) -> Result<PayoutStatusEntry, Invalid> {
        let mut row = PayoutStatusEntry::builder()
            .control_number(payout.control_number.as_str())
            .transaction_date(payout.created.date_time())
            .status(payout.status.clone())
            .status_description(self.words_for(&payout.status))
            .withdraw_channel(self.channel_words(&payout.channel));
        if let Some(time) = payout.pay_time {
            row = row.pay_time(time.date_time());
        }
        if let Some(time) = payout.cancel_time {
            row = row.cancel_time(time.date_time());
        }
        if let Some(reference) = &payout.reference {
            row = row.reference_no(reference.as_str());
            if payout.channel == PayoutChannel::MLhuillier {
                row = row.trace_no(reference.as_str());
            }
        }
        row.build()
    }

    fn status_at_counter(&self, payout: &CashPickup) -> Result<PayoutStatusEntry, Invalid> {
        let status = match payout.status {
            CashPickupStatus::Paid => PayoutStatus::Completed,
            CashPickupStatus::Inquired | CashPickupStatus::Confirming => {
                PayoutStatus::InquirySucceeded
            }
            CashPickupStatus::Inquiring | CashPickupStatus::Refused => PayoutStatus::InquiryFailed,
        };
        let mut row = PayoutStatusEntry::builder()
            .control_number(payout.control_number.as_str())
            .transaction_date(payout.created.date_time())
            .status_description(self.words_for(&status))
            .withdraw_channel(self.channel_words(&payout.channel));
        if let (PayoutStatus::Completed, Some(time)) = (&status, payout.pay_time) {
            row = row.pay_time(time.date_time());
        }
        row.status(status).build()
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

    pub(crate) fn get_report_payout(
        &mut self,
        request: &GetReportPayoutRequest,
    ) -> Result<GetReportPayoutResponse, Refused> {
        let ordered = self.state.payouts.values().map(|payout| Row {
            created: payout.created,
            done: payout.pay_time,
            number: &payout.control_number,
            amount: payout.amount,
            phone: &payout.phone,
            reference: payout.reference.as_deref(),
        });
        let at_counters = self.state.counter.values();
        let at_counters = at_counters.filter(|payout| payout.status == CashPickupStatus::Paid);
        let at_counters = at_counters.map(|payout| Row {
            created: payout.created,
            done: payout.pay_time,
            number: &payout.control_number,
            amount: payout.amount.unwrap_or_default(),
            phone: payout.phone.as_deref().unwrap_or_default(),
            reference: None,
        });
        let rows = ordered.chain(at_counters).collect();
        let page = self.page(
            rows,
            &Wanted {
                first: request.start_date,
                last: request.end_date,
                by_creation: request.date_type == DateType::CreateDate,
                page: request.page,
                size: request.page_size,
            },
        );
        let rows = page.rows.iter().map(|row| {
            let mut entry = PayoutReportEntry::builder()
                .create_date(row.created.date_time())
                .control_number(row.number)
                .amount(row.amount)
                .phone(masked(row.phone));
            if let Some(time) = row.done {
                entry = entry.pay_time(time.date_time());
            }
            if let Some(reference) = row.reference {
                entry = entry.reference_no(reference);
            }
            entry.build()
        });
        let response = GetReportPayoutResponse::builder()
            .total_transactions(page.total)
            .last_page(page.is_last)
            .result(rows.collect::<Result<Vec<_>, Invalid>>()?);
        Ok(response.build()?)
    }

    pub(crate) fn get_report_collection(
        &mut self,
        request: &GetReportCollectionRequest,
    ) -> Result<GetReportCollectionResponse, Refused> {
        let all = self.state.collections.values();
        let confirmed = all.filter(|one| one.status == CollectionStatus::Confirmed);
        let rows = confirmed.map(|collection: &Collection| Row {
            created: collection.created,
            done: collection.collected,
            number: &collection.contract_number,
            amount: collection.amount,
            phone: &collection.phone,
            reference: collection.receipt.as_deref(),
        });
        let page = self.page(
            rows.collect(),
            &Wanted {
                first: request.start_date,
                last: request.end_date,
                by_creation: request.date_type == DateType::CreateDate,
                page: request.page,
                size: request.page_size,
            },
        );
        let rows = page.rows.iter().map(|row| {
            let mut entry = CollectionReportEntry::builder()
                .create_date(row.created.date_time())
                .contract_number(row.number)
                .amount(row.amount)
                .phone(masked(row.phone))
                .status("Confirmed");
            if let Some(time) = row.done {
                entry = entry.collection_time(time.date_time());
            }
            if let Some(reference) = row.reference {
                entry = entry.reference_no(reference);
            }
            entry.build()
        });
        let response = GetReportCollectionResponse::builder()
            .total_transactions(page.total)
            .last_page(page.is_last)
            .result(rows.collect::<Result<Vec<_>, Invalid>>()?);
        Ok(response.build()?)
    }

    /// A page of rows.
    fn page<'r>(&self, rows: Vec<Row<'r>>, wanted: &Wanted) -> Page<'r> {
        let days = wanted.first..=wanted.last;
        let key = |row: &Row<'_>| {
            if wanted.by_creation {
                Some(row.created)
            } else {
                row.done
            }
        };
        let fits =
            |row: &Row<'_>| key(row).is_some_and(|time| days.contains(&time.date_time().date()));
        let mut rows: Vec<_> = rows.into_iter().filter(fits).collect();
        rows.sort_by_key(key);
        if self.state.behavior(behaviors::REPORT_ORDER) == "newest-first" {
            rows.reverse();
        }
        let most = match self.state.behavior(behaviors::REPORT_PAGE) {
            "100" => 100,
            _ => u32::MAX,
        };
        let size = wanted.size.clamp(1, most) as usize;
        let skipped = (wanted.page.max(1) as usize - 1).saturating_mul(size);
        let total = rows.len();
        Page {
            total: u32::try_from(total).unwrap_or(u32::MAX),
            is_last: skipped.saturating_add(size) >= total,
            rows: rows.into_iter().skip(skipped).take(size).collect(),
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

/// A line of either report.
struct Row<'a> {
    created: Timestamp,
    done: Option<Timestamp>,
    number: &'a str,
    amount: Amount,
    phone: &'a str,
    reference: Option<&'a str>,
}

/// What a report is asked for.
struct Wanted {
    first: Date,
    last: Date,
    by_creation: bool,
    page: u32,
    size: u32,
}

struct Page<'a> {
    total: u32,
    is_last: bool,
    rows: Vec<Row<'a>>,
}

/// A phone as reports show it.
fn masked(phone: &str) -> String {
    let shown: String = phone.chars().take(2).collect();
    let hidden = phone.chars().count().saturating_sub(2);
    shown + &"X".repeat(hidden)
}
