//! The same seed and commands produce the same log, even if the state is saved
//! in between.

use proptest::prelude::*;
use serde_json::json;
use skypay_sandbox::engine::{Command, Event, LimitsChange, Settings, State};

use crate::money::{Deed, deed};
use crate::setup::{DAY, Setup, inquire, seconds};

/// Returns the log after some actions, and the final state; optionally saved and
/// reopened before every action.
fn run(seed: u64, deeds: &[Deed], saved: bool) -> (String, State) {
    let mut setup = Setup::with(Settings {
        seed,
        ..Settings::default()
    });
    setup.fault_some();
    for deed in deeds {
        if saved {
            setup.state = setup.state.reopened().unwrap();
        }
        deed.done_in(&mut setup);
    }
    (setup.log(), setup.state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_run_can_be_repeated(seed in any::<u64>(), deeds in prop::collection::vec(deed(), 1..40)) {
        let (log, state) = run(seed, &deeds, false);
        let (again, same) = run(seed, &deeds, false);
        prop_assert_eq!(&log, &again);
        prop_assert_eq!(&state, &same);
    }

    #[test]
    fn a_saved_state_goes_on_as_if_nothing_had_happened(
        seed in any::<u64>(),
        deeds in prop::collection::vec(deed(), 1..40),
    ) {
        let (log, state) = run(seed, &deeds, false);
        let (again, same) = run(seed, &deeds, true);
        prop_assert_eq!(&log, &again);
        prop_assert_eq!(&state, &same);
    }
}

#[test]
fn another_seed_gives_another_log() {
    let deeds = [Deed::Store(1, 390_000), Deed::Wait(5)];
    assert_ne!(run(1, &deeds, false).0, run(2, &deeds, false).0);
}

#[test]
fn events_are_numbered_without_a_gap_and_time_never_goes_back() {
    let mut setup = Setup::new();
    let first = setup.state.last_event();
    setup.bank("SKY9800000101", "100.00").unwrap();
    setup.advance(10);
    let later = setup.now;
    setup.now = "2024-02-05 08:00:00".parse().unwrap();
    setup.bank("SKY9800000102", "100.00").unwrap();
    assert_eq!(setup.state.now(), later);
    setup.done(&Command::Reset);
    for (index, event) in setup.events.iter().enumerate() {
        assert_eq!(event.sequence, first + index as u64 + 1);
    }
    let times: Vec<_> = setup.events.iter().map(|event| event.time).collect();
    assert!(times.is_sorted());
    assert_eq!(setup.payouts(), []);
}

/// Other commands are not delayed until the backlog is finished.
#[test]
fn a_backlog_is_done_in_parts_and_time_never_goes_back() {
    let mut setup = Setup::new();
    for number in 1..=100 {
        setup.bank(&format!("SKY98{number:08}"), "100.00").unwrap();
    }
    setup.now = setup.now.plus_seconds(60);
    let later = setup.now;
    setup.apply(&Command::Tick);
    assert!(setup.state.next_due().is_some_and(|due| due <= later));
    setup.bank("SKY9800000101", "100.00").unwrap();
    setup.advance(60);
    let times: Vec<_> = setup.events.iter().map(|event| event.time).collect();
    assert!(times.is_sorted());
    let paid = setup
        .kinds()
        .into_iter()
        .filter(|kind| *kind == "payout-paid");
    assert_eq!(paid.count(), 101);
}

#[test]
fn a_jump_gives_the_same_end_as_many_steps() {
    let mut steps = Setup::new();
    let mut jump = Setup::new();
    for setup in [&mut steps, &mut jump] {
        setup.bank("SKY9800000101", "100.07").unwrap();
    }
    steps.advance(3 * 86_400);
    jump.now = steps.now;
    jump.apply(&Command::Tick);
    assert_eq!(jump.log(), steps.log());
}

#[test]
fn what_has_been_over_for_the_retention_is_forgotten() {
    let mut setup = Setup::new();
    setup.done(&Command::Limits(LimitsChange {
        retention: Some(seconds(86_400)),
        ..LimitsChange::default()
    }));
    for number in 1..=30 {
        setup.bank(&format!("SKY98{number:08}"), "100.00").unwrap();
    }
    setup.bank("SKY9800000301", "100.03").unwrap();
    setup.done(&inquire("SKY9800000401"));
    setup.advance(60);
    setup.acknowledge();
    setup.advance(DAY - 120);
    let all = |setup: &Setup| setup.state.counted_of(|_, _| true);
    assert_eq!(all(&setup), 30 * 3 + 1 + 2);
    // Each command removes a part.
    for _ in 0..10 {
        setup.advance(61);
    }
    let left = setup.rows(|row| Some(row.number().to_owned()));
    assert_eq!(left, ["SKY9800000301"], "it is still open");
    assert_eq!(all(&setup), 1);
    let asked = json!({
        "startDate": "2024-02-05",
        "endDate": "2024-02-07",
        "dateType": "CreateDate",
        "pagination": 1,
        "pageSize": 10,
    });
    let report = setup.ask("getReportPayout", asked).unwrap();
    assert_eq!(report["totalTransaction"], json!(1));
    setup.bank("SKY9800000001", "100.00").unwrap();
}

#[test]
fn no_personal_data_are_in_a_line_of_the_log() {
    let mut setup = Setup::new();
    setup.bank("SKY9800000101", "100.00").unwrap();
    setup.store("SKY9800000201", "100.00");
    setup.advance(60);
    setup.acknowledge();
    let log = setup.log();
    for personal in [
        "Dela Cruz",
        "09123456789",
        "442301922000",
        "123456789011",
        "1991-10-02",
        "Mabini",
    ] {
        assert!(!log.contains(personal), "{personal}");
    }
    let full: String = setup
        .events
        .iter()
        .map(Event::line_with_personal_data)
        .collect();
    assert!(full.contains("Dela Cruz"));
}
