//! The whole calendar: nothing is due at a time that the clock never shows.

use proptest::prelude::*;
use skypay_runtime::DateTime;
use skypay_sandbox::engine::{
    CallbackUrls, Command, KeyCommand, Moment, Pause, Settings, State, Validity,
};

use crate::house::{House, URL};
use crate::money::{Deed, deed};

/// Any time in the years that the wire can write, and often the last days.
fn start() -> impl Strategy<Value = DateTime> {
    let last = 253_402_271_999_i64;
    prop_oneof![
        -62_167_248_000..=last,
        last - 200 * 86_400..=last,
        last - 3600..=last
    ]
    .prop_map(DateTime::from_unix_seconds)
}

fn pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        (0..5000_u64).prop_map(Pause::milliseconds),
        (0..200_u64).prop_map(Pause::days),
        (0..4_000_000_u64).prop_map(Pause::days),
        any::<u64>().prop_map(Pause::milliseconds),
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

/// What holds after every command.
fn check(state: &State, before: DateTime) {
    let now = Moment::from(state.now());
    assert!((Moment::from(before)..=Moment::LAST).contains(&now));
    assert!(
        state.next_due().is_none_or(|due| due > state.now()),
        "it is {now}, and {:?} is due",
        state.next_due()
    );
    let text = serde_json::to_string(state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), *state);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_clock_reaches_the_end_of_the_calendar_from_anywhere(
        start in start(),
        deeds in prop::collection::vec((deed(), key(), pause()), 1..12),
    ) {
        let mut house = House {
            state: State::new(Settings::default(), start),
            now: start,
            events: Vec::new(),
        };
        house.done(&Command::Callbacks(CallbackUrls {
            shared: Some(URL.to_owned()),
            ..CallbackUrls::default()
        }));
        for (deed, key, pause) in deeds {
            let before = house.state.now();
            deed.done_in(&mut house);
            house.apply(&Command::Keys(key));
            check(&house.state, before);
            house.now = Moment::from(house.now).plus(pause).date_time();
            house.apply(&Command::Tick);
            check(&house.state, before);
        }
        // Nothing is left at the end, and nothing that is done there is due
        // after it.
        house.now = Moment::LAST.date_time();
        for deed in [Deed::Bank(1, 100_000), Deed::Finance(0, 100_000), Deed::Wait(1)] {
            deed.done_in(&mut house);
            house.apply(&Command::Tick);
            check(&house.state, house.now);
            prop_assert_eq!(house.state.next_due(), None);
        }
    }
}
