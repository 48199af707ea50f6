//! The states of a key: generated, revealed once, enabled, effective, expired.

use skypay_sandbox::engine::{Command, Event, KeyCommand, KeysInUse, Validity};

use crate::setup::{DAY, Setup};

fn in_use(setup: &Setup) -> KeysInUse {
    setup.state.keys_in_use(setup.now)
}

/// Generates and enables a key.
fn rotate(setup: &mut Setup) -> String {
    let validity = Validity::Days30;
    let id = setup.done(&Command::Keys(KeyCommand::Generate { validity }));
    let id = u32::try_from(id["key"].as_u64().unwrap()).unwrap();
    let seen = setup.done(&Command::Keys(KeyCommand::Reveal { id }));
    setup.invalid_command(&Command::Keys(KeyCommand::Reveal { id }));
    setup.done(&Command::Keys(KeyCommand::Enable { id }));
    setup.invalid_command(&Command::Keys(KeyCommand::Enable { id }));
    setup.invalid_command(&Command::Keys(KeyCommand::Reveal { id }));
    seen["authentication"].as_str().unwrap().to_owned()
}

/// Checks the number of accepted keys just after enabling, and after five minutes.
fn check(behavior: &str, at_once: usize, later: usize) {
    let mut setup = Setup::new();
    setup.behavior("old-key", behavior);
    let old = in_use(&setup).sealing;
    let new = rotate(&mut setup);
    assert_eq!(in_use(&setup).accepted.len(), at_once, "{behavior}");
    setup.advance(299);
    assert_eq!(in_use(&setup).sealing, old, "{behavior}");
    assert!(!setup.state.knows("Sandbox@skypay", &new, setup.now));
    setup.advance(1);
    assert_eq!(in_use(&setup).accepted.len(), later, "{behavior}");
    assert_eq!(in_use(&setup).sealing.authentication, new, "{behavior}");
    assert!(setup.state.knows("Sandbox@skypay", &new, setup.now));
    assert!(!setup.state.knows("Somebody@skypay", &new, setup.now));
    let knows_old = setup
        .state
        .knows("Sandbox@skypay", &old.authentication, setup.now);
    assert_eq!(knows_old, later == 2, "{behavior}");
}

#[test]
fn an_enabled_key_is_effective_after_five_minutes() {
    check("stops-at-once", 0, 1);
    check("until-effective", 1, 1);
    check("overlaps", 1, 2);
}

#[test]
fn a_key_ends_on_its_day_and_is_spoken_of_a_week_before() {
    let mut setup = Setup::new();
    setup.advance(83 * DAY);
    assert_eq!(setup.kinds(), ["key-ends-soon"]);
    setup.advance(7 * DAY - 1);
    assert_eq!(in_use(&setup).accepted.len(), 1);
    setup.advance(1);
    assert_eq!(in_use(&setup).accepted.len(), 0);
    assert_eq!(setup.kinds(), ["key-ends-soon", "key-ended"]);
    setup.invalid_command(&Command::Keys(KeyCommand::Extend {
        validity: Validity::Days30,
    }));
    // Callbacks are still encrypted with it.
    assert_ne!(in_use(&setup).sealing.encrypt_key, "");
}

#[test]
fn an_extension_adds_to_what_is_left() {
    let mut setup = Setup::new();
    setup.done(&Command::Keys(KeyCommand::Extend {
        validity: Validity::Days180,
    }));
    setup.advance(270 * DAY - 1);
    assert_eq!(in_use(&setup).accepted.len(), 1);
    setup.advance(1);
    assert_eq!(in_use(&setup).accepted.len(), 0);
    assert_eq!(
        setup.kinds(),
        ["key-extended", "key-ends-soon", "key-ended"]
    );
}

#[test]
fn no_key_shows_in_the_log() {
    let mut setup = Setup::new();
    rotate(&mut setup);
    setup.advance(90 * DAY);
    let log: String = setup
        .events
        .iter()
        .map(Event::line_with_personal_data)
        .collect();
    for key in setup.state.keys() {
        assert!(!log.contains(&key.pair.authentication));
        assert!(!log.contains(&key.pair.encrypt_key));
    }
}

#[test]
fn keys_come_from_the_seed_and_stay_over_a_reset() {
    let mut setup = Setup::new();
    let first = in_use(&setup).sealing;
    rotate(&mut setup);
    setup.advance(300);
    assert_ne!(in_use(&setup).sealing, first);
    setup.done(&Command::Reset);
    assert_eq!(in_use(&setup).sealing, first);
    let other = Setup::with(skypay_sandbox::engine::Settings {
        seed: 2,
        ..Default::default()
    });
    assert_ne!(in_use(&other).sealing, first);
}
