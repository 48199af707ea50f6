//! The findings of `cargo xtask spec examples`: none in the document, and those
//! of edited documents.

use serde_json::Value;
use test_support::examples::judge;

const TEXT: &str = include_str!("../../spec/skypay.yaml");

fn judged(text: &str) -> Value {
    judge(text).unwrap()
}

/// Returns the findings after replacing the first occurrence of a text.
fn after(find: &str, replace: &str) -> Vec<(String, String, u64)> {
    assert!(TEXT.contains(find), "{find:?} is in the document");
    let judged = judged(&TEXT.replacen(find, replace, 1));
    let findings = judged["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .map(|one| {
            (
                text(&one["rule"]),
                text(&one["message"]),
                one["line"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn line_of(text: &str) -> u64 {
    let index = TEXT.find(text).unwrap();
    u64::try_from(TEXT[..index].matches('\n').count() + 1).unwrap()
}

#[test]
fn the_document_s_examples_are_right() {
    let judged = judged(TEXT);
    assert_eq!(judged["findings"], Value::Array(Vec::new()));
    assert!(judged["examples"].as_u64().unwrap() > 200, "{judged}");
    assert!(
        judged["takenThroughTypes"].as_u64().unwrap() > 50,
        "{judged}"
    );
}

#[test]
fn what_a_schema_refuses_is_named_with_its_place() {
    let findings = after(
        "                  sender: Example App\n",
        &format!("                  sender: {}\n", "x".repeat(101)),
    );
    let [(rule, message, line)] = findings.as_slice() else {
        panic!("one finding: {findings:?}");
    };
    assert_eq!(rule, "example-schema");
    assert!(
        message.starts_with("not valid by its schema at /sender: "),
        "{message}"
    );
    assert_eq!(*line, line_of("                  userName: AppName@skypay"));
}

#[test]
fn what_a_type_refuses_is_named() {
    let findings = after("                  bankNo: SEC\n", "");
    let [(rule, message, _)] = findings.as_slice() else {
        panic!("one finding: {findings:?}");
    };
    assert_eq!(rule, "example-types");
    assert!(
        message.starts_with("its type refuses it: bankNo"),
        "{message}"
    );
}

#[test]
fn what_does_not_come_back_as_it_went_is_shown() {
    let pair = "                  bankNo: SEC\n                  accountNo: '0000012309738'\n";
    let (bank, account) = pair.split_at(pair.find('\n').unwrap() + 1);
    let findings = after(pair, &format!("{account}{bank}"));
    let [(rule, message, _)] = findings.as_slice() else {
        panic!("one finding: {findings:?}");
    };
    assert_eq!(rule, "example-types");
    assert!(
        message.contains("it is not the same: `,\"accountNo\":"),
        "{message}"
    );
}

#[test]
fn an_operation_that_is_not_generated_yet_is_named() {
    let findings = after("operationId: balanceQuery\n", "operationId: balanceAsk\n");
    assert!(!findings.is_empty());
    for (rule, message, _) in findings {
        assert_eq!(rule, "example-types");
        assert!(message.ends_with("run `cargo xtask gen`"), "{message}");
    }
}
