//! `second-opinion`: what Redocly's `diff` thinks of the edits whose verdicts
//! are tested here, and why it is wrong wherever the two disagree.

mod cases;
mod redocly;
mod table;

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use codegen::Place;
use codegen::document::Node;
use spec_tools::diff::{Headline, compare};

use crate::Ending;
use crate::report::{self, Finding, Format, Level, Report, counted};
use crate::validate::{self, FOLDER};
use cases::{Case, Cases};
use redocly::Opinion;
use table::Table;

/// The table of disagreements, each with the reason why we are right.
const TABLE: &str = "tests/breaking/second-opinion.csv";

/// How to say it.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// A reason in the table: for a case, or for every case whose headline comes
/// from changes by one rule.
struct Explanation {
    line: usize,
    case: String,
    rule: String,
    ours: String,
    theirs: String,
    reason: String,
    /// How many disagreements it explains.
    used: usize,
}

/// A case on which the two differ.
struct Disagreement<'a> {
    case: &'a Case,
    ours: Headline,
    theirs: &'a Opinion,
    /// The rule behind our headline, if it is only one.
    rule: Option<&'static str>,
}

/// `second-opinion`: compares, and fails on what is not explained.
#[must_use]
pub fn run(root: &Path, arguments: &Arguments) -> Ending {
    report::tell(judge(root).map(|report| {
        let ending = match report.worst() {
            Some(Level::Error) => Ending::Findings,
            _ => Ending::Clean,
        };
        (report.written(arguments.format), ending)
    }))
}

/// Asks Redocly about every case and compares.
fn judge(root: &Path) -> Result<Report, String> {
    let mut table = explanations(root)?;
    let cases = cases::read(root)?;
    if !validate::install_from_npm(&root.join(FOLDER)) {
        return Err(format!(
            "Redocly is not installed: install Node.js with npm, then run `npm ci` in {FOLDER}"
        ));
    }
    let opinions = redocly::opinions(root, &cases)?;
    Ok(compared(&cases, &opinions, &mut table))
}

/// Compares what was said with our verdicts; the opinions are in the order of
/// the cases.
fn compared(cases: &Cases, opinions: &[Opinion], table: &mut [Explanation]) -> Report {
    let disagreements: Vec<_> = cases
        .cases
        .iter()
        .zip(opinions)
        .filter_map(|(case, theirs)| Disagreement::of(case, &cases.bases[case.base], theirs))
        .collect();
    let mut findings: Vec<_> = disagreements
        .iter()
        .filter_map(|disagreement| disagreement.explain(table))
        .collect();
    findings.extend(table.iter().filter_map(Explanation::complaint));
    Report {
        tool: "second-opinion",
        summary: format!(
            "{} compared with Redocly's: {}, {}",
            counted(cases.cases.len(), "verdict"),
            counted(disagreements.len(), "disagreement"),
            counted(findings.len(), "finding"),
        ),
        findings,
        rules: RULES.map(rule).to_vec(),
    }
}

impl<'a> Disagreement<'a> {
    fn of(case: &'a Case, base: &Node, theirs: &'a Opinion) -> Option<Self> {
        let report = compare(base, &case.edited);
        let ours = report.headline;
        let worst = report.changes.iter();
        let worst = worst.filter(|change| change.headline == ours);
        let rules: BTreeSet<_> = worst.map(|change| change.rule).collect();
        (!agree(ours, theirs.bump())).then_some(Self {
            case,
            ours,
            theirs,
            rule: rules.first().copied().filter(|_| rules.len() == 1),
        })
    }

    /// Marks the row that explains this, the case's own before that of its
    /// rule; a finding if there is none.
    fn explain(&self, table: &mut [Explanation]) -> Option<Finding> {
        let said = (self.ours.word(), self.theirs.bump());
        let own = table.iter().position(|row| row.case == self.case.name);
        let found = own.or_else(|| {
            table.iter().position(|row| {
                self.rule == Some(&row.rule) && (row.ours.as_str(), row.theirs.as_str()) == said
            })
        });
        if let Some(index) = found {
            let row = &mut table[index];
            row.used += 1;
            if (row.ours.as_str(), row.theirs.as_str()) == said {
                return None;
            }
        }
        let (ours, theirs) = said;
        let because = self.theirs.because().unwrap_or("it gives no reason");
        let rule = self.rule.unwrap_or("several rules");
        let message = format!(
            "`{}` is {ours} here ({rule}) and {theirs} for Redocly ({because}): mend the verdict, or say in {TABLE} why it is right",
            self.case.name
        );
        let place = Place::new(self.case.line, 1, "");
        Some(Finding::new(
            Level::Error,
            UNEXPLAINED,
            self.case.file,
            &place,
            message,
        ))
    }
}

impl Explanation {
    /// What is wrong with the row.
    fn complaint(&self) -> Option<Finding> {
        let (rule, message) = if self.case.is_empty() == self.rule.is_empty() {
            (
                UNEXPLAINED,
                "the row names neither a case nor a rule, or both: name one",
            )
        } else if self.reason.is_empty() {
            (UNEXPLAINED, "the row gives no reason: say why we are right")
        } else if self.used == 0 {
            (
                STALE,
                "the row explains no disagreement any more: remove it",
            )
        } else {
            return None;
        };
        let name = [self.case.as_str(), self.rule.as_str()].concat();
        let place = Place::new(self.line, 1, "");
        let message = format!("`{name}`: {message}");
        Some(Finding::new(Level::Error, rule, TABLE, &place, message))
    }
}

/// Whether both let the edit pass, or neither does. Redocly looks at the
/// contract: what it calls major is what we call breaking. Finer steps do not
/// compare, since ours also look at the code on both sides.
fn agree(ours: Headline, theirs: &str) -> bool {
    (ours >= Headline::Breaking) == (theirs == "major")
}

fn explanations(root: &Path) -> Result<Vec<Explanation>, String> {
    let rows = Table::read(root, TABLE)?.rows.into_iter();
    let rows = rows.map(|row| {
        Ok(Explanation {
            line: row.line,
            case: row.cell("case")?,
            rule: row.cell("rule")?,
            ours: row.cell("ours")?,
            theirs: row.cell("theirs")?,
            reason: row.cell("reason")?,
            used: 0,
        })
    });
    rows.collect()
}

const UNEXPLAINED: &str = "unexplained-disagreement";
const STALE: &str = "stale-explanation";

/// The rules: name, what is asked, why.
const RULES: [(&str, &str, &str); 2] = [
    (
        UNEXPLAINED,
        "a disagreement with Redocly has a reason",
        "One of the two is wrong. If it is not us, the table says why.",
    ),
    (
        STALE,
        "a reason explains a disagreement that exists",
        "A reason for what is no longer so hides the next disagreement.",
    ),
];

fn rule((id, title, help): (&str, &str, &str)) -> report::Rule {
    report::Rule {
        id: id.to_owned(),
        title: title.to_owned(),
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cases::{Case, Cases};
    use super::redocly::Opinion;
    use super::{Explanation, compared};
    use spec_tools::diff::read;

    const BASE: &str = "openapi: 3.0.3\ninfo: {title: A, version: 1.0.0}\nservers: [{url: a}]\n\
        paths: {/a#b: {post: {operationId: b}}, /a#c: {post: {operationId: c}}}\n";

    /// An edit that we call breaking, one that we call risky, and what
    /// Redocly says of them.
    fn findings(theirs: [&str; 2], rows: &[[&str; 5]]) -> Vec<(String, usize)> {
        let document = |text: &str| read(text).expect("it is a document");
        let edits = [
            (", /a#c: {post: {operationId: c}}", ""),
            ("{url: a}", "{url: b}"),
        ];
        let cases = ["gone", "moved"].into_iter().zip(edits).zip(10..);
        let cases = cases.map(|((name, (old, new)), line)| Case {
            name: name.to_owned(),
            file: "cases.csv",
            line,
            base: 0,
            edited: document(&BASE.replace(old, new)),
        });
        let cases = Cases {
            bases: [document(BASE), document(BASE)],
            cases: cases.collect(),
        };
        let rows = rows.iter().zip(2..);
        let rows = rows.map(|([case, rule, ours, theirs, reason], line)| Explanation {
            line,
            case: (*case).to_owned(),
            rule: (*rule).to_owned(),
            ours: (*ours).to_owned(),
            theirs: (*theirs).to_owned(),
            reason: (*reason).to_owned(),
            used: 0,
        });
        let opinions = theirs.map(Opinion::of);
        let report = compared(&cases, &opinions, &mut rows.collect::<Vec<_>>());
        let findings = report.findings.into_iter();
        findings
            .map(|finding| (finding.rule, finding.line))
            .collect()
    }

    fn check(theirs: [&str; 2], rows: &[[&str; 5]], expected: &[(&str, usize)]) {
        let findings = findings(theirs, rows);
        let findings: Vec<_> = findings
            .iter()
            .map(|(rule, line)| (rule.as_str(), *line))
            .collect();
        assert_eq!(findings, expected, "{theirs:?} {rows:?}");
    }

    #[test]
    fn a_disagreement_needs_its_reason_and_a_reason_its_disagreement() {
        let unexplained = "unexplained-disagreement";
        let stale = "stale-explanation";
        let moved = ["moved", "", "risky", "major", "because"];
        check(["major", "minor"], &[], &[]);
        check(["minor", "minor"], &[], &[(unexplained, 10)]);
        check(["major", "major"], &[], &[(unexplained, 11)]);
        check(["major", "major"], &[moved], &[]);
        check(["major", "minor"], &[moved], &[(stale, 2)]);
        check(["minor", "major"], &[moved], &[(unexplained, 10)]);
        let by_rule = ["", "server-changed", "risky", "major", "because"];
        check(["major", "major"], &[by_rule], &[]);
        check(["major", "major"], &[by_rule, moved], &[(stale, 2)]);
        let unlike = ["moved", "", "breaking", "major", "because"];
        check(["major", "major"], &[unlike], &[(unexplained, 11)]);
        let unlike = ["", "server-changed", "risky", "patch", "because"];
        check(
            ["major", "major"],
            &[unlike],
            &[(unexplained, 11), (stale, 2)],
        );
        let silent = ["moved", "", "risky", "major", ""];
        check(["major", "major"], &[silent], &[(unexplained, 2)]);
        let double = ["moved", "server-changed", "risky", "major", "because"];
        check(["major", "major"], &[double], &[(unexplained, 2)]);
        let unknown = ["former", "", "risky", "major", "because"];
        check(["major", "minor"], &[unknown], &[(stale, 2)]);
    }
}
