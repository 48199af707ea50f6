//! Keys: made, seen once, enabled, effective, ended.

use skypay_sandbox::engine::{Command, Event, KeyCommand, KeysInUse, Validity};

use crate::house::{DAY, House};

fn in_use(house: &House) -> KeysInUse {
    house.state.keys_in_use(house.now)
}

/// Makes a key and enables it.
fn rotate(house: &mut House) -> String {
    let validity = Validity::Days30;
    let id = house.done(&Command::Keys(KeyCommand::Generate { validity }));
    let id = u32::try_from(id["key"].as_u64().unwrap()).unwrap();
    let seen = house.done(&Command::Keys(KeyCommand::Reveal { id }));
    house.declined(&Command::Keys(KeyCommand::Reveal { id }));
    house.done(&Command::Keys(KeyCommand::Enable { id }));
    house.declined(&Command::Keys(KeyCommand::Enable { id }));
    house.declined(&Command::Keys(KeyCommand::Reveal { id }));
    seen["authentication"].as_str().unwrap().to_owned()
}

/// How many keys are accepted just after enabling, and after five minutes.
fn check(switch: &str, at_once: usize, later: usize) {
    let mut house = House::new();
    house.switch("old-key", switch);
    let old = in_use(&house).sealing;
    let new = rotate(&mut house);
    assert_eq!(in_use(&house).accepted.len(), at_once, "{switch}");
    house.advance(299);
    assert_eq!(in_use(&house).sealing, old, "{switch}");
    assert!(!house.state.knows("Sandbox@skypay", &new, house.now));
    house.advance(1);
    assert_eq!(in_use(&house).accepted.len(), later, "{switch}");
    assert_eq!(in_use(&house).sealing.authentication, new, "{switch}");
    assert!(house.state.knows("Sandbox@skypay", &new, house.now));
    assert!(!house.state.knows("Somebody@skypay", &new, house.now));
    let knows_old = house
        .state
        .knows("Sandbox@skypay", &old.authentication, house.now);
    assert_eq!(knows_old, later == 2, "{switch}");
}

#[test]
fn an_enabled_key_is_effective_after_five_minutes() {
    check("stops-at-once", 0, 1);
    check("until-effective", 1, 1);
    check("overlaps", 1, 2);
}

#[test]
fn a_key_ends_on_its_day_and_is_spoken_of_a_week_before() {
    let mut house = House::new();
    house.advance(83 * DAY);
    assert_eq!(house.kinds(), ["key-ends-soon"]);
    house.advance(7 * DAY - 1);
    assert_eq!(in_use(&house).accepted.len(), 1);
    house.advance(1);
    assert_eq!(in_use(&house).accepted.len(), 0);
    assert_eq!(house.kinds(), ["key-ends-soon", "key-ended"]);
    house.declined(&Command::Keys(KeyCommand::Extend {
        validity: Validity::Days30,
    }));
    // Callbacks are still sealed with it.
    assert_ne!(in_use(&house).sealing.encrypt_key, "");
}

#[test]
fn an_extension_adds_to_what_is_left() {
    let mut house = House::new();
    house.done(&Command::Keys(KeyCommand::Extend {
        validity: Validity::Days180,
    }));
    house.advance(270 * DAY - 1);
    assert_eq!(in_use(&house).accepted.len(), 1);
    house.advance(1);
    assert_eq!(in_use(&house).accepted.len(), 0);
    assert_eq!(
        house.kinds(),
        ["key-extended", "key-ends-soon", "key-ended"]
    );
}

#[test]
fn no_key_shows_in_the_log() {
    let mut house = House::new();
    rotate(&mut house);
    house.advance(90 * DAY);
    let log: String = house
        .events
        .iter()
        .map(Event::line_with_personal_data)
        .collect();
    for key in house.state.keys() {
        assert!(!log.contains(&key.pair.authentication));
        assert!(!log.contains(&key.pair.encrypt_key));
    }
}

#[test]
fn keys_come_from_the_seed_and_stay_over_a_reset() {
    let mut house = House::new();
    let first = in_use(&house).sealing;
    rotate(&mut house);
    house.advance(300);
    assert_ne!(in_use(&house).sealing, first);
    house.done(&Command::Reset);
    assert_eq!(in_use(&house).sealing, first);
    let other = House::with(skypay_sandbox::engine::Settings {
        seed: 2,
        ..Default::default()
    });
    assert_ne!(in_use(&other).sealing, first);
}
