//! What goes wrong in each scenario, and how often.

/// How often each fault happens, as a probability.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The reply to a payout is lost.
    pub(crate) lose_reply: f64,
    /// SkyPay refuses a payout for balance or the daily limit.
    pub(crate) refuse: f64,
    /// SkyPay answers with an error that does not say whether it was executed.
    pub(crate) error: f64,
    /// A request is lost.
    pub(crate) lose_request: f64,
    /// A request arrives 1 to 25 minutes late, or up to 5 hours.
    pub(crate) late_request: f64,
    /// There is no connection.
    pub(crate) no_connection: f64,
    /// A proxy sends the request a second time.
    pub(crate) replay: f64,
    /// A process ends before or after a transaction.
    pub(crate) crash: f64,
    /// A process ends while it waits for the answer to a payout.
    pub(crate) crash_in_call: f64,
    /// A process stands still for up to 2 hours before or after a transaction.
    pub(crate) pause: f64,
    /// A second and a third process work on the same order.
    pub(crate) workers: f64,
    /// A callback is delivered three times.
    pub(crate) repeat_callback: f64,
    /// A callback comes up to 48 hours late.
    pub(crate) late_callback: f64,
    /// A callback is lost.
    pub(crate) lose_callback: f64,
    /// Queries are answered by a copy that is behind.
    pub(crate) stale: f64,
    /// Queries are not answered for up to 40 hours.
    pub(crate) outage: f64,
    /// A payout that was paid fails later: the bank gives it back.
    pub(crate) reverse: f64,
    /// Callbacks are forged.
    pub(crate) forge: f64,
    /// The clock of the journal is wrong by up to 15 minutes for some hours.
    pub(crate) skew: f64,
    /// The journal is lost, or restored from an older copy. It is recovered before
    /// anything is sent, unless SkyPay recognises numbers; then only perhaps.
    pub(crate) lose_journal: f64,
    /// The keys change while the payout is under way.
    pub(crate) key_change: f64,
    /// Whether a payment that SkyPay makes twice is beyond any client if it does not
    /// recognise a control number, because a copy was under way.
    pub(crate) needs_recognition: bool,
}

const QUIET: Scenario = Scenario {
    name: "",
    lose_reply: 0.0,
    refuse: 0.2,
    error: 0.0,
    lose_request: 0.0,
    late_request: 0.0,
    no_connection: 0.0,
    replay: 0.0,
    crash: 0.0,
    crash_in_call: 0.0,
    pause: 0.0,
    workers: 0.0,
    repeat_callback: 0.0,
    late_callback: 0.0,
    lose_callback: 0.0,
    stale: 0.0,
    outage: 0.0,
    reverse: 0.0,
    forge: 0.0,
    skew: 0.0,
    lose_journal: 0.0,
    key_change: 0.0,
    needs_recognition: false,
};

pub(crate) const SCENARIOS: [Scenario; 12] = [
    Scenario {
        name: "S1 replies lost, errors",
        lose_reply: 0.4,
        error: 0.5,
        ..QUIET
    },
    Scenario {
        name: "S2 requests lost or late",
        lose_request: 0.1,
        late_request: 0.5,
        refuse: 0.5,
        needs_recognition: true,
        ..QUIET
    },
    Scenario {
        name: "S3 no connection",
        no_connection: 0.6,
        ..QUIET
    },
    Scenario {
        name: "S4 requests replayed",
        replay: 0.8,
        refuse: 0.5,
        needs_recognition: true,
        ..QUIET
    },
    Scenario {
        name: "S5 crashes, pauses",
        crash: 0.12,
        crash_in_call: 0.5,
        pause: 0.06,
        ..QUIET
    },
    Scenario {
        name: "S6 several workers",
        workers: 1.0,
        pause: 0.02,
        ..QUIET
    },
    Scenario {
        name: "S7 callbacks repeated, reversals",
        repeat_callback: 0.7,
        late_callback: 0.5,
        reverse: 0.3,
        crash: 0.03,
        ..QUIET
    },
    Scenario {
        name: "S8 no callbacks, stale queries",
        lose_reply: 0.5,
        lose_request: 0.3,
        lose_callback: 1.0,
        stale: 1.0,
        outage: 0.8,
        ..QUIET
    },
    Scenario {
        name: "S9 callbacks forged",
        forge: 1.0,
        stale: 0.5,
        ..QUIET
    },
    Scenario {
        name: "S10 all of it",
        lose_reply: 0.3,
        error: 0.2,
        lose_request: 0.3,
        late_request: 0.2,
        no_connection: 0.3,
        replay: 0.2,
        crash: 0.06,
        crash_in_call: 0.1,
        pause: 0.06,
        workers: 1.0,
        repeat_callback: 0.5,
        late_callback: 0.5,
        lose_callback: 0.4,
        stale: 0.5,
        outage: 0.5,
        reverse: 0.2,
        forge: 1.0,
        skew: 0.5,
        key_change: 0.3,
        needs_recognition: true,
        ..QUIET
    },
    Scenario {
        name: "S11 journal lost or restored",
        lose_journal: 1.0,
        lose_reply: 0.2,
        ..QUIET
    },
    Scenario {
        name: "S12 keys changed",
        key_change: 1.0,
        ..QUIET
    },
];
