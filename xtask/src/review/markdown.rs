//! The review as a comment of a pull request.

use spec_tools::diff::Severity;

use crate::Ending;
use crate::diff;
use crate::report::escaped;

use super::{Check, Review, summary};

/// Identifies the comment, so that it can be found and replaced.
pub(super) const MARKER: &str = "<!-- skypay-review -->";

/// The maximum number of findings shown per check.
const SHOWN: usize = 20;

/// The maximum number of findings that are not collapsed.
const FEW: usize = 5;

/// The maximum number of lines shown of the public API.
const PUBLIC_API_LINES: usize = 200;

/// The maximum length of a comment in bytes; GitHub rejects longer ones.
const LONGEST: usize = 60_000;

/// Returns the comment: one line if the edit has no impact and all checks pass.
pub(super) fn markdown(review: &Review, links: Option<&str>) -> String {
    let mut out = format!("{MARKER}\n### {}\n", escaped(&summary::headline(review)));
    let is_quiet = review.severity() <= Severity::Patch && review.ending() == Ending::Clean;
    if is_quiet {
        out.push_str(&format!("\n{}\n", in_one_line(review)));
        return out;
    }
    let sentences = summary::paragraph(review);
    let checks = review.checks.iter();
    // Versions and approvals are already among the steps.
    let checks = checks.filter(|check| !["versions", "approvals"].contains(&check.name));
    let mut sections = vec![
        format!("\n{sentences}\n"),
        what_to_do(review),
        format!("\n{}\n", in_one_line(review)),
        diff::rows(&review.view(), links),
        LEGEND.to_owned(),
    ];
    sections.extend(checks.map(findings));
    sections.push(public_api(review));
    let mut left_out = false;
    for section in sections.iter().filter(|section| !section.trim().is_empty()) {
        if out.len() + section.len() > LONGEST {
            left_out = true;
        } else {
            out.push_str(section);
        }
    }
    if left_out {
        out.push_str("\nNot all of it fits a comment: `cargo xtask spec review` shows the rest.\n");
    }
    out
}

/// The legend of the table.
const LEGEND: &str = "\n<sub>wire: whether a caller, and a callee, that was deployed before keeps \
    working with a peer of after; code: which part of the version of the client's half, and of \
    the server's, has to be raised.</sub>\n";

/// Summarizes the checks in one line.
fn in_one_line(review: &Review) -> String {
    let checks = review.checks.iter();
    let mut parts: Vec<_> = checks
        .filter(|check| check.name != "approvals" || check.ending != Ending::Clean)
        .map(|check| {
            let result = escaped(&check.result);
            if check.ending == Ending::Clean {
                format!("{}: {result}", check.name)
            } else {
                format!("**{}: {result}**", check.name)
            }
        })
        .collect();
    if let Some(public_api) = &review.public_api {
        parts.push(format!("public items: {}", public_api.in_short()));
    }
    let origin = review.comparison.documents.origin();
    parts.push(format!("against {}", escaped(&origin)));
    parts.join(" · ")
}

fn what_to_do(review: &Review) -> String {
    let steps = summary::steps(review);
    if steps.is_empty() {
        return String::new();
    }
    let steps = steps.iter().enumerate();
    let steps: String = steps
        .map(|(index, step)| format!("{}. {step}\n", index + 1))
        .collect();
    format!("\n**To do before merging**\n\n{steps}")
}

/// Returns the findings of a check, if there are any.
fn findings(check: &Check) -> String {
    if check.findings.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "\n<details{}><summary>{}: {}</summary>\n\n| | rule | finding | where |\n|---|---|---|---|\n",
        if check.findings.len() > FEW {
            ""
        } else {
            " open"
        },
        check.name,
        escaped(&check.result)
    );
    for finding in check.findings.iter().take(SHOWN) {
        let cells = [
            finding.word().to_owned(),
            finding.rule.clone(),
            finding.message.clone(),
            finding.location(),
        ];
        let cells: Vec<_> = cells.iter().map(|cell| escaped(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    let more = check.findings.len().saturating_sub(SHOWN);
    if more > 0 {
        out.push_str(&format!("\n{more} more\n"));
    }
    out.push_str("\n</details>\n");
    out
}

/// Returns the added and removed public items.
fn public_api(review: &Review) -> String {
    let Some(public_api) = &review.public_api else {
        return String::new();
    };
    let lines = public_api.lines();
    if lines.is_empty() {
        return String::new();
    }
    let shown: String = lines
        .iter()
        .take(PUBLIC_API_LINES)
        .map(|line| format!("{line}\n"))
        .collect();
    let more = match lines.len().saturating_sub(PUBLIC_API_LINES) {
        0 => String::new(),
        more => format!("{more} more: `cargo xtask spec public-api`\n"),
    };
    format!(
        "\n<details><summary>public items: {}</summary>\n\n```diff\n{shown}```\n{more}\n</details>\n",
        public_api.in_short()
    )
}
