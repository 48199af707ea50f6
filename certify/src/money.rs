//! The checks of the partner's own program: it is given orders, SkyPay's side is our
//! sandbox, and what the sandbox paid is counted.

mod rules;
mod scenarios;
pub(crate) mod session;

use skypay_types::{
    Operation, OperationInfo, PayoutQueryStatusRequest, PayoutQueuePayoutRequest,
    PayoutQueueRequest,
};

use crate::check::{Check, must, orders};

/// The operations whose rules are checked.
pub(crate) const OPERATIONS: &[&OperationInfo] = &[
    PayoutQueueRequest::INFO,
    PayoutQueryStatusRequest::INFO,
    PayoutQueuePayoutRequest::INFO,
];

/// The table of checks.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    must("M01", "Answers are lost, or say that something failed: each order is paid once",
        "Never pay twice: query before sending again", orders!(scenarios::lost_answers)),
    must("M02", "Requests are lost or late: each order is paid at most once",
        "Never pay twice: query before sending again", orders!(scenarios::late_requests)),
    must("M03", "No connection can be made: nothing is paid twice or forgotten",
        "Never pay twice: query before sending again", orders!(scenarios::no_connection)),
    must("M04", "Requests are executed again on the way: each order is paid once",
        "Never pay twice: query before sending again", orders!(scenarios::replayed_requests)),
    must("M05", "The program is killed while it waits for an answer: paid once",
        "Never pay twice: the same control number", orders!(scenarios::killed)),
    must("M06", "The same order is given five times at once: paid once",
        "Never pay twice: the same control number", orders!(scenarios::at_once)),
    must("M07", "Notifications come several times, and late: the record is right",
        "Callbacks: x-skypay-delivery-key", orders!(scenarios::repeated_notifications)),
    must("M08", "No notifications, old answers, and no queries for 38 hours: paid once",
        "Never pay twice: query before sending again", orders!(scenarios::no_news)),
    must("M09", "Forged notifications release nothing and pay nothing",
        "What travels: there is no integrity check", orders!(scenarios::forged)),
    must("M10", "All of this at once: each order is paid at most once",
        "Never pay twice: query before sending again", orders!(scenarios::everything)),
    must("M11", "The program's data come from a backup: nothing is paid again",
        "Never pay twice: the same control number", orders!(scenarios::restored)),
    must("M12", "Keys change while payouts are under way: the record is right",
        "Changing keys", orders!(scenarios::new_keys)),
    must("M13", "A query asks for no more payouts than allowed, and for none too early",
        "Never pay twice: not before 300 seconds have passed", orders!(rules::queries)),
    must("M14", "A payout that may have been executed is not sent again without a query",
        "Never pay twice: query before sending again", orders!(rules::question_first)),
    must("M15", "A payout that is sent again has the same number, channel and content",
        "Never pay twice: query before sending again", orders!(rules::same_request)),
    must("M16", "A refusal for balance or daily limit is not repeated in a loop",
        "Never pay twice: codes that say when to send again", orders!(rules::no_loop)),
    must("M17", "Keys change while twenty orders at once are given: the record is right",
        "Changing keys", orders!(scenarios::new_keys_under_load)),
    must("M18", "In the end the program's record and SkyPay's payouts are the same",
        "Never pay twice: both records agree", orders!(rules::reconciled)),
];
