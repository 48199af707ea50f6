//! The page of the documentation that explains the rules.

use std::fmt::Write as _;

use super::{Example, RULES, Rule, Severity};

/// The page, in Markdown.
#[must_use]
pub fn rules_page() -> String {
    let mut page = String::from(INTRODUCTION);
    for rule in RULES {
        let _ = writeln!(
            page,
            "| [`{id}`](#{id}) | {} | {} |",
            rule.severity.word(),
            rule.title,
            id = rule.id
        );
    }
    for rule in RULES {
        page.push_str(&section(rule));
    }
    page
}

fn section(rule: &Rule) -> String {
    let Rule {
        id,
        severity,
        title,
        why,
        example,
    } = rule;
    format!(
        "\n## {id}\n\n{title}. {why}\n\n{}\n\n{}",
        sentence(*severity),
        snippets(example)
    )
}

fn sentence(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "A warning.",
        Severity::Error => "An error.",
        Severity::Refused => "An error: the generator refuses the document.",
    }
}

fn snippets(example: &Example) -> String {
    let place = match example.at {
        "" => "At the root of a document".to_owned(),
        at => format!("At `{at}`"),
    };
    format!(
        "{place}, good:\n\n```yaml\n{}```\n\nand bad:\n\n```yaml\n{}```\n",
        example.good, example.bad
    )
}

const INTRODUCTION: &str = "\
# Rules

Written by `cargo xtask lint --write-rules`; do not edit. `cargo xtask lint`
looks at the document with all of them, `cargo xtask lint --explain ID` says
this for one.

What is *refused* stops the generator. An *error* leaves a reader without
something that they need, a *warning* is better mended. Both can be excepted
where there is a reason, on the node that breaks the rule or on one around it:

```yaml
x-skypay-lint-exceptions:
  - rule: transaction-id
    reason: The request carries no number of its own.
```

An exception that excepts nothing is a finding, and so is one without a reason.

| rule | weight | what it asks |
|---|---|---|
";
