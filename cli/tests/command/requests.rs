//! `skypay requests`: what arrived at the sandbox, and why it was refused.

use serde_json::Value;

use crate::setup::Setup;

#[test]
fn requests_are_listed_shown_and_followed_with_their_reasons() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    setup.pay_out("SKY9800000102", "1000.16").ended(1);
    let check = |line: &str, wanted: &[u64]| {
        let found = setup.run(&format!("requests list {line}")).ended(0).json();
        let ids = found.as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|record| record["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, wanted, "{line}");
    };
    check("", &[2, 1]);
    check("-n 1", &[2]);
    check("--result refused", &[2]);
    check("--code -1016", &[2]);
    check("--code InsufficientBalance", &[2]);
    check("--operation payoutQueue --number 0101", &[1]);
    check("--operation balanceQuery", &[]);
    check("--text centavos", &[2]);

    let why = "the centavos of its amount select the refusal -1016";
    let listed = setup.program.run(&["requests", "list"]).ended(0).out;
    let words = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("refused -1016 payoutQueue SKY9800000102"),
        "{listed}"
    );
    assert!(words.contains(why), "{listed}");
    assert!(
        listed.lines().all(|line| line.chars().count() <= 80),
        "{listed}"
    );

    let shown = setup.program.run(&["requests", "show", "2"]).ended(0).out;
    for wanted in [why, "encrypted body", "[masked]", "responseCode"] {
        assert!(shown.contains(wanted), "{shown}");
    }
    assert!(!shown.contains("Dela Cruz"), "{shown}");
    let shown = setup
        .run("requests show 2 --show-personal-data")
        .ended(0)
        .json();
    assert_eq!(shown["why"], why);
    assert!(shown["plaintext"].as_str().unwrap().contains("Dela Cruz"));
    setup.run("requests show 9").ended(1);

    let lines = setup.run("requests tail -n 5 --no-follow").ended(0).out;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&lines[0]["id"], lines.len()), (&Value::from(1), 2));
    let arguments = [
        "requests", "tail", "--json", "-n", "1", "--result", "refused",
    ];
    let mut tail = setup.program.start(&arguments);
    assert_eq!(tail.json()["id"], 2);
    setup.pay_out("SKY9800000103", "1000.00").ended(0);
    setup.pay_out("SKY9800000104", "1000.28").ended(1);
    assert_eq!(tail.json()["id"], 4);
}
