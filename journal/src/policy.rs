use std::time::Duration;

use skypay_client::types::{Operation, PayoutQueueRequest};

#[cfg(feature = "rule-switches")]
use crate::Rule;
#[cfg(not(feature = "rule-switches"))]
use crate::rules::Rule;

/// How long the journal waits for what. The defaults are safe with what is known
/// of SkyPay; a shorter time may pay twice.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// From a claim to the first byte of its call, at most; 30 seconds.
    pub send_limit: Duration,
    /// How long a call may take after its first byte; 2 minutes.
    pub call_limit: Duration,
    /// From the last possible moment of a call to the first question, and from one
    /// question about a payout to the next, at least; what the document says, 5
    /// minutes.
    pub query_delay: Duration,
    /// From one question to the next about a payout that SkyPay has accepted, or that
    /// has been unknown for this long, and from one attempt to the next while the
    /// balance is too low; 30 minutes.
    pub cadence: Duration,
    /// How long a failure or refusal is doubted when several copies of a payout may
    /// be under way; 6 hours.
    pub quarantine: Duration,
    /// How long a permit to send again is valid; 10 minutes.
    pub permit_limit: Duration,
    /// How far SkyPay's clock may be from the journal's for an absence to count; 1
    /// minute.
    pub clock_tolerance: Duration,
    /// The rule that a test leaves out.
    #[cfg(feature = "rule-switches")]
    pub without: Option<Rule>,
}

impl Policy {
    /// Whether a rule is followed: always, except in tests that leave it out.
    pub(crate) fn follows(&self, rule: Rule) -> bool {
        #[cfg(feature = "rule-switches")]
        return self.without != Some(rule);
        #[cfg(not(feature = "rule-switches"))]
        {
            let _ = (self, rule);
            true
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let query_delay = PayoutQueueRequest::INFO.status_query_delay.map(u64::from);
        Self {
            send_limit: Duration::from_secs(30),
            call_limit: minutes(2),
            query_delay: query_delay.map_or(minutes(5), Duration::from_secs),
            cadence: minutes(30),
            quarantine: minutes(6 * 60),
            permit_limit: minutes(10),
            clock_tolerance: minutes(1),
            #[cfg(feature = "rule-switches")]
            without: None,
        }
    }
}
