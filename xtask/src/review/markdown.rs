//! The review as a comment of a pull request.

use spec_tools::diff::Severity;

use crate::Ending;
use crate::diff;
use crate::report::escaped;

use super::{Check, Review, summary};

/// By this the comment is found again and replaced.
pub(super) const MARKER: &str = "<!-- skypay-review -->";

/// How many findings of one check are shown.
const SHOWN: usize = 20;

/// How many of them are shown without a click.
const FEW: usize = 5;

/// How many lines of the public API are shown.
const PUBLIC_API_LINES: usize = 200;

/// How many bytes a comment may have; the pages that show it refuse longer ones.
const LONGEST: usize = 60_000;

/// The comment: one line where an edit has no consequence and all is well.
pub(super) fn markdown(review: &Review, links: Option<&str>) -> String {
    let mut out = format!("{MARKER}\n### {}\n", escaped(&summary::headline(review)));
    let is_quiet = review.severity() <= Severity::Patch && review.ending() == Ending::Clean;
    if is_quiet {
        out.push_str(&format!("\n{}\n", in_one_line(review)));
        return out;
    }
    let sentences = summary::paragraph(review);
    let checks = review.checks.iter();
    // What versions and approvals need is among the steps already.
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

/// What the columns of the table mean.
const LEGEND: &str = "\n<sub>wire: whether a caller, and a callee, that was deployed before keeps \
    working with a peer of after; code: which part of the version of the client's half, and of \
    the server's, has to be raised.</sub>\n";

/// What was looked at, and how that went.
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

/// The findings of a check, where there are any.
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

/// The public items that came and went.
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
