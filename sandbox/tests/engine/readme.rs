//! Compares the tables of the README with the code.

use skypay_sandbox::engine::{MAGIC, behaviors};
use skypay_sandbox::error_scenarios;
use skypay_types::Direction;

/// Returns the rows of the table under a heading, without its header.
fn table(heading: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once(heading).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|')).skip(2);
    lines.map(str::to_owned).collect()
}

fn check(heading: &str, expected: &[String]) {
    let shown = table(heading);
    let surplus: Vec<_> = shown.iter().filter(|row| !expected.contains(row)).collect();
    let missing: Vec<_> = expected.iter().filter(|row| !shown.contains(row)).collect();
    assert!(
        shown == expected,
        "in sandbox/README.md, below {heading}, these rows are not right: {surplus:#?}\n\
         these are missing: {missing:#?}\nall, in order:\n{}\n",
        expected.join("\n")
    );
}

#[test]
fn every_switch_is_in_the_table_with_its_default_first() {
    let rows = behaviors::BEHAVIORS.iter().map(|behavior| {
        let values = behavior.values.iter();
        let values: Vec<_> = values
            .map(|(value, meaning)| format!("`{value}`: {meaning}"))
            .collect();
        format!(
            "| `{}` | {} | {} |",
            behavior.name,
            behavior.question,
            values.join("; ")
        )
    });
    check("### What the vendor leaves open", &rows.collect::<Vec<_>>());
}

#[test]
fn every_magic_amount_is_in_the_table() {
    let rows = MAGIC
        .iter()
        .map(|magic| format!("| `.{:02}` | {} |", magic.centavos, magic.meaning));
    check("### Magic amounts", &rows.collect::<Vec<_>>());
}

#[test]
fn every_cause_of_a_refusal_is_in_the_table() {
    let mut rows: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for one in error_scenarios::all() {
        if one.operation.direction == Direction::ToPartner {
            continue;
        }
        let code = one.code.to_string();
        let name = one.operation.name;
        match rows
            .iter_mut()
            .find(|(known, cause, _)| *known == code && *cause == one.cause)
        {
            Some((_, _, operations)) => operations.push(name),
            None => rows.push((code, one.cause, vec![name])),
        }
    }
    rows.sort_by_key(|(code, ..)| code.parse::<i32>().unwrap().abs());
    let all = skypay_types::OPERATIONS.iter();
    let all = all
        .filter(|info| info.direction == Direction::ToProvider)
        .count();
    let rows = rows.iter().map(|(code, cause, operations)| {
        let names = if operations.len() == all {
            "all".to_owned()
        } else {
            operations.join(", ")
        };
        format!("| `{code}` | {cause} | {names} |")
    });
    check("### Refusals", &rows.collect::<Vec<_>>());
}
