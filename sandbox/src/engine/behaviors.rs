//! Configurable vendor behaviors: details that the vendor leaves unspecified.

/// A behavior that the vendor leaves unspecified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behavior {
    /// Its name.
    pub name: &'static str,
    /// The question that it settles.
    pub question: &'static str,
    /// The values and their descriptions. The first is the default: the one that most
    /// readily exposes errors in a partner.
    pub values: &'static [(&'static str, &'static str)],
    /// The value that a careless partner notices least.
    pub gentle: &'static str,
}

/// Declares the behaviors, and a constant for each name.
macro_rules! behaviors {
    ($($constant:ident = $name:literal, $question:literal, gentle $gentle:literal, [$(($value:literal, $meaning:literal)),+ $(,)?];)+) => {
        $(pub(crate) const $constant: &str = $name;)+

        /// All behaviors.
        pub const BEHAVIORS: &[Behavior] = &[
            $(Behavior {
                name: $name,
                question: $question,
                values: &[$(($value, $meaning)),+],
                gentle: $gentle,
            }),+
        ];
    };
}

behaviors! {
    UNKNOWN_NUMBER = "unknown-number",
        "What does payoutQueryStatus say of a control number that it never saw?",
        gentle "missing",
        [
            ("inquiry-failed", "a row with status 11, which is easily taken for Failed"),
            ("missing", "no row"),
            ("refused", "the whole request is refused with -1012"),
        ];
    QUERY_DELAY = "query-delay",
        "Does payoutQueryStatus see a payout at once?",
        gentle "none",
        [
            ("300s", "only after 300 seconds: before, it is an unknown number"),
            ("none", "at once"),
        ];
    DUPLICATES = "duplicates",
        "When is a control number refused with -1008?",
        gentle "for-ever",
        [
            ("same-channel", "only while a payout of that number on the same channel is not failed or cancelled: the same number on another channel is paid again"),
            ("after-failure", "unless the payout of that number has failed or was cancelled"),
            ("for-ever", "always, regardless of the first one's end"),
            ("never", "never: every request with the number is executed, and paid, again"),
        ];
    REFUSAL_ORDER = "refusal-order",
        "Which code has a payout whose number was used and for which the balance is too low?",
        gentle "number-first",
        [
            ("balance-first", "-1016: a payout that was paid is refused as if it were new"),
            ("number-first", "-1008"),
        ];
    FAILURES = "failures",
        "Is a request executed that is answered with -1009 or -9999?",
        gentle "not-executed",
        [
            ("executed", "always"),
            ("chance", "by chance"),
            ("not-executed", "never"),
        ];
    REFUSAL_BODY = "refusal-body",
        "Is a refusal sealed?",
        gentle "plaintext",
        [
            ("sealed", "yes: it looks like a success until it is decrypted"),
            ("plaintext", "no: it is plain JSON"),
        ];
    REFUSAL_STATUS = "refusal-status",
        "Which HTTP status has a refusal?",
        gentle "400",
        [
            ("200", "200; only what opens with no key gets 400"),
            ("400", "400"),
        ];
    CALLBACK_RETRY = "callback-retry",
        "Is a notice sent again that was not acknowledged?",
        gentle "until-1000",
        [
            ("never", "no: what is lost is lost"),
            ("until-answered", "after 1, 5 and 30 minutes, 2 and 12 hours, until there is any answer"),
            ("until-1000", "the same, until the answer is 1000"),
        ];
    CALLBACK_ORDER = "callback-order",
        "Do notices come in the order of what happened?",
        gentle "as-happened",
        [
            ("result-first", "where the result follows soon, Uploaded comes after it"),
            ("as-happened", "yes"),
        ];
    CONFIRMATION_REPEAT = "confirmation-repeat",
        "Is payoutPayout or collectionCollect sent again when its answer is lost?",
        gentle "never",
        [
            ("until-answered", "after 30 seconds, 5 and 30 minutes, until there is an answer"),
            ("once", "once, after 30 seconds"),
            ("never", "no: the cashier has to press again"),
        ];
    REPEATED_CONFIRMATION = "repeated-confirmation",
        "What does -1026 or -1015 say to a confirmation that was sent again?",
        gentle "done",
        [
            ("refused", "that it is refused: the cashier keeps the money"),
            ("done", "that the first one had arrived"),
        ];
    REVERSALS = "reversals",
        "Can a payout that is Completed fail after all?",
        gentle "never",
        [
            ("possible", "yes"),
            ("never", "no"),
        ];
    OLD_KEY = "old-key",
        "Does the old key work while the new one is not effective yet?",
        gentle "overlaps",
        [
            ("stops-at-once", "no: for five minutes no key works"),
            ("until-effective", "until the new one is effective"),
            ("overlaps", "until its own end, also beside the new one"),
        ];
    CANCELLED_SPELLING = "cancelled-spelling",
        "How does the status description spell it?",
        gentle "Cancelled",
        [("Canceled", "with one l"), ("Cancelled", "with two")];
    STATUS_CHANNEL = "status-channel",
        "What is in withdrawChannel of a status?",
        gentle "code",
        [("name", "the channel's name"), ("code", "its code")];
    CASH_PICKUP_STATUS = "cash-pickup-status",
        "Does payoutQueryStatus know payouts that a store inquired about?",
        gentle "hidden",
        [
            ("shown", "as 10 or 11, and as 1 when paid"),
            ("hidden", "no: they are unknown numbers"),
        ];
    FAIL_DESCRIPTION = "fail-description",
        "Does a notice of failure say why?",
        gentle "sent",
        [("absent", "no"), ("sent", "yes")];
    REPORT_ORDER = "report-order",
        "In which order does a report list its rows?",
        gentle "oldest-first",
        [
            ("newest-first", "the newest first: rows move on to later pages while pages are read"),
            ("oldest-first", "the oldest first"),
        ];
    REPORT_PAGE = "report-page",
        "How many rows fit on a page?",
        gentle "any",
        [
            ("100", "at most 100, regardless of the request"),
            ("any", "as many as were asked for"),
        ];
    BALANCE = "balance",
        "Which balance does balanceQuery tell a partner with several entities?",
        gentle "first",
        [
            ("sum", "that of all together, although each pays for itself"),
            ("first", "that of the first prefix"),
        ];
    FINANCE_AMOUNT = "finance-amount",
        "In which unit is the amount of a financeNotification?",
        gentle "pesos",
        [("centavos", "in hundredths of a peso"), ("pesos", "in pesos, with decimals")];
    TRANSFER_REFERENCE = "transfer-reference",
        "Have the two notices of a balance transfer the same reference number?",
        gentle "own",
        [("shared", "yes: the number alone does not tell them apart"), ("own", "no, each has its own")];
    DAILY_LIMIT = "daily-limit",
        "To what does the daily limit of payouts apply?",
        gentle "account",
        [
            ("account", "to the account that is paid"),
            ("phone", "to the payee's phone"),
            ("entity", "to the prefix"),
        ];
    BANK_CODES = "bank-codes",
        "Are the codes of getBankCode letters? (Numbers would refuse every printed example.)",
        gentle "letters",
        [("letters", "yes, three of them"), ("numbers", "no, they are numbers")];
}

/// Returns the behavior with a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Behavior> {
    BEHAVIORS.iter().find(|behavior| behavior.name == name)
}

impl Behavior {
    /// Returns the default value.
    #[must_use]
    pub fn default_value(&self) -> &'static str {
        self.values.first().map_or("", |(value, _)| value)
    }

    /// Whether `value` is one of its values.
    #[must_use]
    pub fn has(&self, value: &str) -> bool {
        self.values.iter().any(|(known, _)| *known == value)
    }
}
