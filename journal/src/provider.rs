//! SkyPay, as the journal uses it: it takes payouts and answers questions.

use std::collections::BTreeMap;
use std::future::Future;
use std::iter;
use std::sync::LazyLock;

use futures_util::TryStreamExt;
use skypay_client::types::{
    Amount, Date, DateType, GetReportCollectionRequest, GetReportPayoutRequest, Invalid,
    MoneyState, Operation, PayoutQueryStatusRequest, PayoutQueueRequest, PayoutQueueV2Request,
    Response, ResponseCode, RetryAfter,
};
use skypay_client::{Client, Error, NextStep, PagesError, Rejected, read_pages};

use crate::error::with_sources;
use crate::{CallOutcome, Found, ReportRow, Timestamp};

/// A request that orders a payout.
pub trait PayoutRequest: Operation + Clone + 'static {
    /// Its control number.
    fn number(&self) -> &str;

    /// What the payee is to receive.
    fn amount(&self) -> Amount;

    /// The channel that pays, as its code.
    fn channel(&self) -> &str;

    /// Sends it.
    fn send(&self, client: &Client) -> impl Future<Output = Result<(), Error>> + Send;
}

macro_rules! payout_request {
    ($type:ty, $method:ident) => {
        impl PayoutRequest for $type {
            fn number(&self) -> &str {
                self.control_number.as_str()
            }

            fn amount(&self) -> Amount {
                self.amount
            }

            fn channel(&self) -> &str {
                self.withdraw_channel.as_ref()
            }

            async fn send(&self, client: &Client) -> Result<(), Error> {
                client.$method(self).await.map(|_| ())
            }
        }
    };
}

payout_request!(PayoutQueueRequest, payout_queue);
payout_request!(PayoutQueueV2Request, payout_queue_v2);

/// How a call ended, and the code that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: CallOutcome,
    /// The return code, if there was one.
    pub code: Option<String>,
}

/// What SkyPay shows of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// How far it is.
    pub found: Found,
    /// When it was paid, if SkyPay says so.
    pub paid_at: Option<Timestamp>,
}

/// The answer to a question about some payouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    /// When SkyPay answered, by its own clock, if it says so.
    pub time: Option<Timestamp>,
    /// What it shows of each; one of which it shows nothing is not in it.
    pub found: BTreeMap<String, Shown>,
    /// Why a part of the answer cannot be read, if one cannot. Then it is not known which
    /// payout that part is about, and one that is not in `found` may be shown.
    pub unreadable: Option<String>,
}

/// Takes payouts and answers questions about them: a [`Client`], or a test's own
/// implementation.
pub trait Provider: Send + Sync {
    /// The account that pays, such as the caller name of a [`Client`], if the provider
    /// knows it. A journal is that of one account, and refuses another.
    fn account(&self) -> Option<&str> {
        None
    }

    /// Sends a payout once.
    fn send<R: PayoutRequest>(&self, request: &R) -> impl Future<Output = Answer> + Send;

    /// Asks about as many payouts as the document lets one question be about, or fewer.
    /// An error is no answer.
    fn statuses(&self, numbers: &[String])
    -> impl Future<Output = Result<Statuses, String>> + Send;

    /// All payouts that were paid on a day in Manila, read until two readings
    /// agree. An error is no answer.
    fn report(&self, day: Date) -> impl Future<Output = Result<Vec<ReportRow>, String>> + Send;
}

/// The progress of a payout by what a code says of its money; `None` if it says
/// nothing of it, or that there is no such payout.
pub(crate) fn found(state: Option<MoneyState>) -> Option<Found> {
    match state? {
        MoneyState::Paid => Some(Found::Paid),
        MoneyState::Failed => Some(Found::Failed),
        MoneyState::Cancelled => Some(Found::Cancelled),
        MoneyState::Open => Some(Found::Open),
        MoneyState::Absent | MoneyState::Amendment => None,
    }
}

/// How a call ended that was refused.
fn rejected(error: &Rejected) -> CallOutcome {
    match error.next_step() {
        NextStep::Wait(RetryAfter::Recharge) => CallOutcome::RejectedUntilRecharge,
        NextStep::Wait(RetryAfter::NextDay) => CallOutcome::RejectedUntilNextDay,
        NextStep::CorrectKeys => CallOutcome::RejectedForKeys,
        NextStep::Correct => CallOutcome::Rejected,
    }
}

impl Provider for Client {
    fn account(&self) -> Option<&str> {
        Some(self.caller_name())
    }

    async fn send<R: PayoutRequest>(&self, request: &R) -> Answer {
        match request.send(self).await {
            Ok(()) => Answer {
                outcome: CallOutcome::Accepted,
                code: None,
            },
            Err(error) => {
                tracing::warn!(
                    error = with_sources(&error),
                    "SkyPay did not accept a payout"
                );
                Answer {
                    outcome: match &error {
                        Error::NotSent(_) => CallOutcome::NotSent,
                        Error::Rejected(error) => rejected(error),
                        Error::Unknown(_) => CallOutcome::Unknown,
                    },
                    // Another text than a code comes from the other side, and can be anything.
                    code: error
                        .return_code()
                        .filter(|code| code.is_listed())
                        .map(|code| code.as_str().to_owned()),
                }
            }
        }
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        match query(self, numbers).await {
            Ok(statuses) => Ok(statuses),
            Err(Unanswered::Failed(error)) => Err(error),
            // The whole question is refused, and does not say for which number.
            Err(Unanswered::UnknownNumber) => {
                let mut all = Statuses {
                    time: None,
                    found: BTreeMap::new(),
                    unreadable: None,
                };
                for number in numbers {
                    match query(self, std::slice::from_ref(number)).await {
                        Ok(one) => {
                            all.time = all.time.max(one.time);
                            all.found.extend(one.found);
                            all.unreadable = all.unreadable.or(one.unreadable);
                        }
                        Err(Unanswered::UnknownNumber) => {}
                        Err(Unanswered::Failed(error)) => return Err(error),
                    }
                }
                Ok(all)
            }
        }
    }

    async fn report(&self, day: Date) -> Result<Vec<ReportRow>, String> {
        let rows = read_pages(|page| read_report(self, day, page));
        rows.try_collect()
            .await
            .map_err(|error| unread(day, &error))
    }
}

/// Why there is no answer to a question.
enum Unanswered {
    /// SkyPay refuses the question, because it does not know a number in it.
    UnknownNumber,
    /// Anything else.
    Failed(String),
}

/// How many payouts the document lets one question be about.
pub(crate) fn longest_question() -> i64 {
    static LONGEST: LazyLock<i64> = LazyLock::new(|| {
        let number = "SKY9800000001";
        let is_valid = |length: &usize| question(iter::repeat_n(number, *length)).is_ok();
        // If the document has no limit, a question need not be longer than that.
        let longest = (1..1000).take_while(is_valid).last();
        longest
            .and_then(|longest| longest.try_into().ok())
            .unwrap_or(1)
    });
    *LONGEST
}

/// A question about some payouts.
fn question<'n>(
    numbers: impl Iterator<Item = &'n str>,
) -> Result<PayoutQueryStatusRequest, Invalid> {
    PayoutQueryStatusRequest::builder()
        .control_numbers(numbers)
        .build()
}

/// Asks about some payouts in one question.
async fn query(client: &Client, numbers: &[String]) -> Result<Statuses, Unanswered> {
    let request = question(numbers.iter().map(String::as_str))
        .map_err(|error| Unanswered::Failed(error.to_string()))?;
    let answer = client
        .payout_query_status(&request)
        .await
        .map_err(|error| {
            let unknown = ResponseCode::ControlNumberInvalid;
            match &error {
                Error::Rejected(_) if error.code() == Some(unknown.as_ref()) => {
                    Unanswered::UnknownNumber
                }
                _ => Unanswered::Failed(error.to_string()),
            }
        })?;
    let mut statuses = Statuses {
        time: answer.response_time().map(Timestamp::from),
        found: BTreeMap::new(),
        unreadable: None,
    };
    for entry in answer.control_numbers {
        let entry = match entry {
            Ok(entry) => entry,
            Err(unreadable) => {
                statuses.unreadable = Some(unreadable.to_string());
                continue;
            }
        };
        let state = entry.money_state();
        if state == Some(MoneyState::Absent) {
            continue;
        }
        // A status that the document does not list is no absence.
        let found = found(state).unwrap_or(Found::Open);
        let shown = Shown {
            found,
            paid_at: entry.pay_time.ok().flatten().map(Timestamp::from),
        };
        // Of two rows of one number the one counts that says more of its money.
        let known = statuses
            .found
            .entry(entry.control_number.as_str().to_owned());
        known
            .and_modify(|known| {
                if known.found < found {
                    *known = shown;
                }
            })
            .or_insert(shown);
    }
    Ok(statuses)
}

fn unread(day: Date, error: &PagesError<String>) -> String {
    format!("the report of {day}: {error}")
}

/// All collections of a day in Manila, read until two readings agree.
pub(crate) async fn collections(client: &Client, day: Date) -> Result<Vec<ReportRow>, String> {
    let rows = read_pages(|page| read_collections(client, day, page));
    rows.try_collect()
        .await
        .map_err(|error| unread(day, &error))
}

/// Rows of a report on a page.
const PAGE: u32 = 100;

/// Declares a function that reads a page of a report: its rows, and whether it is the
/// last one.
macro_rules! report_page {
    ($read:ident: $method:ident($request:ident by $date_type:ident) { $number:ident, $time:ident }) => {
        async fn $read(
            client: &Client,
            day: Date,
            page: u32,
        ) -> Result<(Vec<ReportRow>, bool), String> {
            let request = $request::builder()
                .start_date(day)
                .end_date(day)
                .date_type(DateType::$date_type)
                .page(page)
                .page_size(PAGE)
                .build()
                .map_err(|error| error.to_string())?;
            let answer = client.$method(&request).await;
            let answer = answer.map_err(|error| error.to_string())?;
            let entries = answer.result.into_iter().collect::<Result<Vec<_>, _>>();
            let entries = entries.map_err(|unreadable| unreadable.to_string())?;
            let rows = entries.into_iter().map(|entry| ReportRow {
                number: entry.$number.as_str().to_owned(),
                centavos: entry.amount.centavos(),
                paid_at: entry.$time.ok().flatten().map(Timestamp::from),
                reference: entry.reference_no.ok().flatten(),
            });
            Ok((rows.collect(), answer.last_page == Ok(Some(true))))
        }
    };
}

report_page!(read_report: get_report_payout(GetReportPayoutRequest by PayTime) {
    control_number, pay_time
});
report_page!(read_collections: get_report_collection(GetReportCollectionRequest by CollectedTime) {
    contract_number, collection_time
});
