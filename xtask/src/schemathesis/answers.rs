//! What came back, counted by operation and return code.

use std::collections::BTreeMap;
use std::fmt;

use codegen::model::{Api, Direction, Operation, Outcome};
use serde::Deserialize;

use crate::generate::DOCUMENT;
use crate::report::counted;

/// A line of what the hooks write.
#[derive(Deserialize)]
struct Line {
    operation: String,
    code: Option<String>,
}

/// What came back from each operation that partners call, in the order of the
/// document.
pub(super) struct Tally<'a> {
    rows: Vec<(&'a Operation, Codes)>,
}

/// How often each code came; without a name, how often there was none.
type Codes = BTreeMap<Option<String>, usize>;

impl<'a> Tally<'a> {
    /// Counts what the hooks have written.
    pub(super) fn read(api: &'a Api, answers: &str) -> Result<Self, String> {
        let ours = api.operations.iter();
        let ours = ours.filter(|operation| operation.direction == Direction::ToProvider);
        let mut rows: Vec<_> = ours.map(|operation| (operation, Codes::new())).collect();
        for (line, number) in answers.lines().zip(1..) {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| format!("answer {number} cannot be read: {error}"))?;
            let row = rows.iter_mut().find(|(row, _)| row.name == line.operation);
            let (_, codes) = row.ok_or_else(|| {
                format!(
                    "answer {number} is of `{}`, which {DOCUMENT} does not have",
                    line.operation
                )
            })?;
            *codes.entry(line.code).or_default() += 1;
        }
        Ok(Self { rows })
    }

    /// What is wrong with it: what was not asked, or never accepted.
    pub(super) fn findings(&self) -> Vec<String> {
        let rows = self.rows.iter();
        rows.filter_map(|(operation, codes)| {
            let name = &operation.name;
            if codes.is_empty() {
                Some(format!("`{name}` was not asked"))
            } else if !codes.keys().any(|code| accepts(operation, code.as_deref())) {
                Some(format!(
                    "`{name}` was never accepted: mend the examples of {DOCUMENT}, or the hooks"
                ))
            } else {
                None
            }
        })
        .collect()
    }
}

/// Whether that code says that a request was accepted. A report says so by
/// having none.
fn accepts(operation: &Operation, code: Option<&str>) -> bool {
    let Some(code) = code else {
        return !operation.code_required;
    };
    let mut codes = operation.codes.iter();
    codes.any(|known| known.code == code && known.outcome == Outcome::Accepted)
}

impl fmt::Display for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().map(|(operation, _)| operation.name.len());
        let width = names.max().unwrap_or_default();
        let mut all = 0;
        for (operation, codes) in &self.rows {
            let sum: usize = codes.values().sum();
            all += sum;
            let codes: Vec<_> = codes
                .iter()
                .map(|(code, times)| {
                    let code = code.as_deref().unwrap_or("no code");
                    format!("{code} ({times})")
                })
                .collect();
            let codes = codes.join(", ");
            writeln!(f, "{:width$}  {sum:4}  {codes}", operation.name)?;
        }
        let operations = counted(self.rows.len(), "operation");
        writeln!(f, "{operations} asked with {}", counted(all, "request"))
    }
}

#[cfg(test)]
mod tests {
    use codegen::model::{Api, Direction};

    use super::Tally;

    fn api() -> Api {
        codegen::api(include_str!("../../../spec/skypay.yaml")).expect("it is a document")
    }

    /// An accepted request of every operation, but for what is said otherwise
    /// of one.
    fn answers(api: &Api, other: &str, lines: &[&str]) -> String {
        let ours = api.operations.iter();
        let ours = ours.filter(|operation| operation.direction == Direction::ToProvider);
        let accepted = ours
            .filter(|operation| operation.name != other)
            .map(|operation| {
                let accepted = &api.protocol.accepted.code;
                format!(
                    "{{\"operation\":\"{}\",\"code\":\"{accepted}\"}}\n",
                    operation.name
                )
            });
        let other = lines
            .iter()
            .map(|code| format!("{{\"operation\":\"{other}\",\"code\":{code}}}\n"));
        accepted.chain(other).collect()
    }

    fn check(other: &str, lines: &[&str], finding: &str) {
        let api = api();
        let answers = answers(&api, other, lines);
        let tally = Tally::read(&api, &answers).expect("it can be read");
        let findings = tally.findings().join("\n");
        assert_eq!(findings.is_empty(), finding.is_empty(), "{findings}");
        assert!(findings.contains(finding), "{findings}");
    }

    #[test]
    fn every_operation_has_to_be_asked_and_accepted_once() {
        check("", &[], "");
        check("balanceQuery", &[], "`balanceQuery` was not asked");
        let never = "`balanceQuery` was never accepted";
        check("balanceQuery", &["\"-1001\"", "\"-1009\""], never);
        check("balanceQuery", &["null"], never);
        check("balanceQuery", &["\"-1001\"", "\"1000\""], "");
        check("getReportPayout", &["null"], "");
    }

    #[test]
    fn it_says_for_each_operation_what_came_back() {
        let api = api();
        let answers = answers(&api, "getReportPayout", &["null", "\"-1000\"", "\"-1000\""]);
        let tally = Tally::read(&api, &answers).expect("it can be read");
        let text = tally.to_string();
        let row = "getReportPayout           3  no code (1), -1000 (2)\n";
        assert!(text.contains(row), "{text}");
        let operations = api.operations.iter();
        let operations = operations.filter(|one| one.direction == Direction::ToProvider);
        let (asked, requests) = (operations.clone().count(), operations.count() + 2);
        let end = format!("{asked} operations asked with {requests} requests\n");
        assert!(text.ends_with(&end), "{text}");
    }

    #[test]
    fn what_is_no_answer_of_ours_is_refused() {
        let api = api();
        for (answers, says) in [
            ("{", "answer 1 cannot be read"),
            ("{\"operation\":\"payoutPayout\"}", "`payoutPayout`"),
        ] {
            let error = Tally::read(&api, answers).err().expect("it is refused");
            assert!(error.contains(says), "{error}");
        }
    }
}
