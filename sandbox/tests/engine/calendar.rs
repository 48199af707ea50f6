//! Property test over the whole calendar: no event is scheduled after the last
//! time of the clock.

use proptest::prelude::*;
use skypay_runtime::DateTime;
use skypay_sandbox::engine::{
    CallbackUrls, Command, Duration, KeyCommand, Settings, State, Timestamp, Validity,
};

use crate::money::{Deed, deed};
use crate::setup::{Setup, URL};

/// Generates any time that the wire format can represent, often in the last days.
fn start() -> impl Strategy<Value = DateTime> {
    let last = 253_402_271_999_i64;
    prop_oneof![
        -62_167_248_000..=last,
        last - 200 * 86_400..=last,
        last - 3600..=last
    ]
    .prop_map(DateTime::from_unix_seconds)
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..5000_u64).prop_map(Duration::milliseconds),
        (0..200_u64).prop_map(Duration::days),
        (0..4_000_000_u64).prop_map(Duration::days),
        any::<u64>().prop_map(Duration::milliseconds),
    ]
}

fn key() -> impl Strategy<Value = KeyCommand> {
    let validity = prop_oneof![Just(Validity::Days30), Just(Validity::Days180)];
    prop_oneof![
        validity
            .clone()
            .prop_map(|validity| KeyCommand::Generate { validity }),
        (1..4_u32).prop_map(|id| KeyCommand::Enable { id }),
        validity.prop_map(|validity| KeyCommand::Extend { validity }),
    ]
}

/// Checks the invariants after every command.
fn check(setup: &mut Setup, before: DateTime) {
    let state = &setup.state;
    let now = Timestamp::from(state.now());
    assert!((Timestamp::from(before)..=Timestamp::LAST).contains(&now));
    assert!(
        state.next_due().is_none_or(|due| due > state.now()),
        "it is {now}, and {:?} is due",
        state.next_due()
    );
    let text = serde_json::to_string(state).unwrap();
    let fresh = State::new(Settings::default(), before);
    let state = std::mem::replace(&mut setup.state, fresh);
    setup.state = state.reopened().unwrap();
    assert_eq!(serde_json::to_string(&setup.state).unwrap(), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_clock_reaches_the_end_of_the_calendar_from_anywhere(
        start in start(),
        deeds in prop::collection::vec((deed(), key(), duration()), 1..12),
    ) {
        let mut setup = Setup {
            state: State::new(Settings::default(), start),
            now: start,
            events: Vec::new(),
        };
        setup.done(&Command::Callbacks(CallbackUrls::shared(URL)));
        for (deed, key, duration) in deeds {
            let before = setup.state.now();
            deed.done_in(&mut setup);
            setup.apply(&Command::Keys(key));
            check(&mut setup, before);
            setup.now = Timestamp::from(setup.now).plus(duration).date_time();
            setup.apply(&Command::Tick);
            check(&mut setup, before);
        }
        // At the end, no event is left, and further actions schedule none after it.
        setup.now = Timestamp::LAST.date_time();
        for deed in [Deed::Bank(1, 100_000), Deed::Finance(0, 100_000), Deed::Wait(1)] {
            deed.done_in(&mut setup);
            setup.apply(&Command::Tick);
            let now = setup.now;
            check(&mut setup, now);
            prop_assert_eq!(setup.state.next_due(), None);
        }
    }
}
