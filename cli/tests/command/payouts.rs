//! `skypay payouts` and `skypay log`: what there is, one line each, and the life of a
//! payout.

use serde_json::Value;

use crate::setup::Setup;

#[test]
fn payouts_and_events_are_listed_by_each_filter_and_shown_in_eighty_columns() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    setup.run("clock advance 300s").ended(0);
    setup.pay_out("SKY9800000102", "1000.03").ended(0);
    setup.pay_out("SKY9800000103", "1000.16").ended(1);
    setup
        .run("cashier inquire SKY9800000104 --channel MLhuillier")
        .ended(5);
    let check = |list: &str, numbers: &[&str]| {
        let ran = setup.program.line(list).ended(0).out;
        assert!(ran.lines().all(|line| line.chars().count() <= 80), "{ran}");
        let found: Vec<_> = ran
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("SKY9800000"))
            .collect();
        assert_eq!(found, numbers, "{list}: {ran}");
    };
    check("payouts list", &["104", "102", "101"]);
    check("payouts list -n 1", &["104"]);
    check("payouts list --channel bank", &["102", "101"]);
    check("payouts list --channel 1", &["104"]);
    check("payouts list --state pending", &["102"]);
    check("payouts list --state completed", &["101"]);
    check("payouts list --state refused", &["104"]);
    check("payouts list --operation payoutQueueV2", &[]);
    check("payouts list --number 0101", &["101"]);
    check("payouts list --text dela", &["102", "101"]);
    let tail = "log tail --no-follow -n 50";
    check(&format!("{tail} --kind payout-paid"), &["101"]);
    check(&format!("{tail} --kind payout-accepted"), &["101", "102"]);
    check(&format!("{tail} --code InsufficientBalance"), &["103"]);
    check(&format!("{tail} --channel Bank --number 0102"), &["102"]);
    check(
        &format!("{tail} --operation payoutQueue"),
        &["101", "102", "103"],
    );
    check(&format!("{tail} --text centavos"), &["103"]);
    check(
        "log tail --no-follow -n 2 --number 0101 --kind callback-ended",
        &["101", "101"],
    );

    let line = setup.program.line(&format!("{tail} --kind payout-paid"));
    let expected = "01-05 09:00:03  payout-paid SKY9800000101 1000.00 Bank Completed";
    assert!(line.ended(0).out.contains(expected));
    let all = setup.program.line(tail).ended(0).out;
    let count = setup.run(tail).ended(0).out.lines().count();
    assert_eq!(all.lines().count(), count, "one line for each event: {all}");
    let mut follow = setup.program.start(&[
        "log",
        "tail",
        "-n",
        "1",
        "--kind",
        "payout-accepted",
        "--json",
    ]);
    assert_eq!(follow.json()["subject"], "SKY9800000102");
    setup.pay_out("SKY9800000105", "1000.00").ended(0);
    assert_eq!(follow.json()["subject"], "SKY9800000105");

    setup.run("clock advance 1d").ended(0);
    setup.pay_out("SKY9800000106", "2500.00").ended(0);
    check("payouts list --from 2026-01-06", &["106"]);
    check("payouts list --to 2026-01-05 --at-least 1000.01", &["102"]);
    check("payouts list --at-least 1000.04 --at-most 2500", &["106"]);
    let accepted = "--kind payout-accepted";
    check(&format!("{tail} {accepted} --from 2026-01-06"), &["106"]);
    check(&format!("{tail} {accepted} --at-least 2500"), &["106"]);
    let export = format!("log export {accepted} --to 2026-01-05 --at-most 1000.02");
    let lines = setup.program.line(&export).ended(0).out;
    let lines = lines.lines().map(serde_json::from_str::<Value>);
    let subjects: Vec<_> = lines.map(|line| line.unwrap()["subject"].take()).collect();
    assert_eq!(subjects, ["SKY9800000101", "SKY9800000105"]);
}

#[test]
fn the_life_of_a_payout_is_shown_without_personal_data_unless_wanted() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.pay_out("SKY9800000101", "1000.04").ended(0);
    setup.run("clock advance 300s").ended(0);
    setup
        .run("call payoutQueryStatus controlNumbers=SKY9800000101")
        .ended(0);
    setup.run("fault add callbacks late 10m").ended(0);
    setup.run("store pay SKY9800000101").ended(0);
    let shown = setup
        .program
        .line("payouts show SKY9800000101")
        .ended(0)
        .out;
    let mut rest = shown.as_str();
    for next in [
        "Completed",
        "Bank",
        "1000.04",
        "payoutQueue accepted 1000, request 1",
        "payout uploaded",
        "payoutQueuePayout not sent",
        "payout paid",
        "payoutQueryStatus accepted 1000, request 2",
        "expected: payoutQueuePayout",
    ] {
        let at = rest.find(next).unwrap_or_else(|| panic!("{next}: {shown}"));
        rest = &rest[at..];
    }
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    assert!(!shown.contains("Dela Cruz"), "{shown}");
    let whole = setup.run("payouts show SKY9800000101 --show-personal-data");
    let whole = whole.ended(0).json();
    assert_eq!(
        whole["payouts"][0]["row"]["order"]["name"],
        "Dela Cruz,Juan"
    );
    assert_eq!(whole["requests"].as_array().unwrap().len(), 2);
    setup.run("payouts show SKY98000001").ended(1);
}
