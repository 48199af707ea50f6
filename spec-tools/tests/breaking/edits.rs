//! The impact of edits of a small document that involve several keywords.

use std::collections::BTreeMap;

use spec_tools::diff::{compare, diff};

use super::cases::{edited, groups, read, rows};
use super::{told, verdict};

/// The document to edit. Parameters are declared by the edits.
fn small() -> String {
    let text = read("../documents/accepted.yaml");
    let (before, rest) = text.split_once("  parameters:\n").unwrap();
    let (_, schemas) = rest.split_once("  schemas:\n").unwrap();
    let declared = "    parameters: [{$ref: '#/components/parameters/callerName'}]\n";
    before.replace(declared, "") + "  schemas:\n" + schemas
}

/// Replaces a text that occurs once in a document.
fn edit(document: &str, old: &str, new: &str) -> String {
    assert_eq!(document.matches(old).count(), 1, "{old}");
    document.replacen(old, new, 1)
}

/// Changes of a table's codes where a field allows only some of them.
#[test]
fn a_place_that_picks_codes_goes_on_with_its_own() {
    let text = small();
    let retired = edit(&text, "kind: wallet}", "kind: wallet, readOnly: true}");
    let restored = edit(&text, "No longer., readOnly: true}", "No longer.}");
    let reworded = edit(&text, "description: A wallet.", "description: A purse.");
    let whole = edit(&restored, "          enum: ['5', '6']\n", "");
    let seventh = edit(
        &text,
        "enum: ['5', '6', '13']",
        "enum: ['5', '6', '13', '7']",
    );
    let seventh = edit(
        &seventh,
        "- {value: '13',",
        "- {value: '7', name: Cash, description: Cash., kind: bank}\n        - {value: '13',",
    );
    let picked = edit(
        &seventh,
        "          enum: ['5', '6']\n",
        "          enum: ['5', '6', '7']\n",
    );
    for (old, new, rule, expected) in [
        (
            &text,
            &seventh,
            "code-added",
            "compatible,ok,ok,minor,minor,",
        ),
        (
            &text,
            &picked,
            "code-added",
            "compatible,ok,risk,minor,minor,",
        ),
        (&text, &retired, "code-retired", "patch,ok,ok,patch,patch,"),
        (&retired, &text, "code-restored", "patch,ok,ok,patch,patch,"),
        (
            &text,
            &restored,
            "code-restored",
            "patch,ok,ok,patch,patch,",
        ),
        (
            &text,
            &reworded,
            "words-changed",
            "patch,ok,ok,patch,patch,",
        ),
        (
            &restored,
            &whole,
            "allowed-codes-more",
            "compatible,ok,risk,minor,patch,",
        ),
        (
            &whole,
            &restored,
            "allowed-codes-fewer",
            "breaking,break,ok,major,patch,",
        ),
    ] {
        let report = diff(old, new).unwrap();
        let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
        assert_eq!(rules, [rule], "{}", told(&report));
        assert_eq!(verdict(&report), expected, "{rule}{}", told(&report));
    }
}

/// The last field of a request.
const FIELD: &str =
    "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";

/// The document with additional fields in that request.
fn with(fields: &[&str]) -> String {
    let fields = fields.iter().map(|field| format!("        {field}\n"));
    let fields: String = fields.collect();
    edit(&small(), FIELD, &format!("{FIELD}{fields}"))
}

/// The document with a parameter in its first path.
fn with_parameter(parameter: &str) -> String {
    edit(
        &small(),
        PAY,
        &format!("{PAY}    parameters: [{parameter}]\n"),
    )
}

/// The key of its first path.
const PAY: &str = "  /services/{callerName}#pay:\n";

/// The impact of the edits in `small.csv`, by subject. Its rows are edits of the
/// old document, the new one or both.
#[test]
fn the_edits_of_the_table_mean_what_was_reviewed() {
    let table = read("small.csv");
    let rows = rows(&table);
    let cases: Vec<_> = groups(&rows).collect();
    for cases in cases.chunk_by(|a, b| a[0]("subject") == b[0]("subject")) {
        let described = cases.iter().map(|edits| described(edits));
        insta::assert_snapshot!(cases[0][0]("subject"), described.collect::<String>());
    }
}

/// Formats the impact of all changes between two documents, and of each change.
fn described<R: Fn(&str) -> String>(edits: &[R]) -> String {
    let [old, new] = ["old", "new"].map(|side| {
        let of_side = |row: &&R| [side, "both"].contains(&row("side").as_str());
        let edits = edits.iter().filter(of_side);
        edits.fold(small(), |document, row| edited(&document, row))
    });
    let report = diff(&old, &new).unwrap();
    let mut text = format!("{}: {}\n", edits[0]("case"), verdict(&report));
    for change in &report.changes {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        text += &format!(
            "  {} {}: {old:?} -> {new:?}\n    {} {:?}\n",
            change.rule, change.subject, change.severity, change.impact
        );
    }
    text
}

/// Changes every form of a value to every other.
#[test]
fn each_form_becomes_another_as_reviewed() {
    let text = small();
    let forms = [
        "type: string",
        "type: string, x-skypay-sensitive: true",
        "type: string, enum: [A, B]",
        "type: string, pattern: A",
        "type: string, x-skypay-newtype: true",
        "type: string, x-skypay-type: person-name",
        "type: string, x-skypay-type: amount",
        "type: string, x-skypay-type: date",
        "type: string, x-skypay-type: date, pattern: A",
        "type: string, x-skypay-type: date-time",
        "type: string, x-skypay-type: date-time-fraction",
        "type: string, x-skypay-type: integer",
        "type: string, x-skypay-type: amount, x-skypay-minimum: '0.01'",
        "type: string, x-skypay-type: amount, x-skypay-sensitive: true",
        "type: number, x-skypay-type: amount",
        "type: number, x-skypay-type: amount, x-skypay-minimum: '0.01', maximum: 5",
        "type: number",
        "type: number, format: float",
        "type: number, format: double",
        "type: integer",
        "type: integer, minimum: 0",
        "type: integer, minimum: 0, maximum: 9",
        "type: integer, minimum: 1",
        "type: integer, format: int64",
        "type: boolean",
        "type: array, items: {type: string}",
        "type: array, items: {type: integer, minimum: 0}",
    ];
    let documents = forms.map(|form| {
        let document = edit(&text, FIELD, &format!("        bankNo: {{{form}}}\n"));
        spec_tools::diff::read(&document).unwrap()
    });
    let mut told = String::new();
    for (from, old) in forms.iter().zip(&documents) {
        let mut meanings = BTreeMap::<_, Vec<_>>::new();
        for (to, new) in forms.iter().zip(&documents) {
            let report = compare(old, new);
            let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
            let meaning = format!("{} {}", verdict(&report), rules.join(" "));
            meanings.entry(meaning).or_default().push(*to);
        }
        told += &format!("{from}\n");
        for (meaning, to) in meanings {
            told += &format!("  {meaning}\n    {}\n", to.join("\n    "));
        }
    }
    insta::assert_snapshot!(told);
}

/// Equivalent, or nearly equivalent, combinations of a field's keywords.
const SAID_OTHERWISE: &[(&str, &str, &str)] = &[
    (
        "type: string",
        "type: string, minLength: 0",
        "words-changed",
    ),
    (
        "type: array, items: {type: string}",
        "type: array, minItems: 0, items: {type: string}",
        "words-changed",
    ),
    (
        "type: integer",
        "type: integer, maximum: 2147483647",
        "words-changed",
    ),
    (
        "type: string, pattern: '^[a-z]{3}$'",
        "type: string, pattern: '^[a-z]{3}$', maxLength: 9",
        "words-changed",
    ),
    (
        "type: string, x-skypay-type: date",
        "type: string, x-skypay-type: date, minLength: 10, maxLength: 10",
        "words-changed words-changed",
    ),
    (
        "type: string, pattern: '^[0-9]{4}$', maxLength: 4",
        "type: string, minLength: 4, pattern: '^(0|[1-9])[0-9]{3}$'",
        "words-changed words-changed words-changed",
    ),
    (
        "type: string, pattern: '^[0-9]{4}$', maxLength: 4",
        "type: string, pattern: '^[0-9]{4,5}$', maxLength: 5",
        "constraint-loosened words-changed",
    ),
    (
        "type: string",
        "type: string, deprecated: false, nullable: false, x-skypay-sensitive: false",
        "",
    ),
];

/// The verdict of a change without effect, or of one that loosens a constraint.
fn harmless(rules: &str) -> &'static str {
    if rules.contains("loosened") {
        "compatible,ok,risk,minor,patch,"
    } else {
        "patch,ok,ok,patch,patch,"
    }
}

fn check(what: &str, old: &str, new: &str, rules: &str, expected: &str) {
    let report = diff(old, new).unwrap();
    let found: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
    assert_eq!(found.join(" "), rules, "{what}{}", told(&report));
    assert_eq!(verdict(&report), expected, "{what}{}", told(&report));
}

#[test]
fn a_field_may_say_the_same_in_other_keywords() {
    for (before, after, rules) in SAID_OTHERWISE {
        let field = |keywords: &str| with(&[&format!("a: {{{keywords}}}")]);
        check(after, &field(before), &field(after), rules, harmless(rules));
    }
}

#[test]
fn a_flag_that_is_not_set_says_nothing() {
    let text = small();
    let caller = "{in: path, name: callerName, required: true, schema: {type: string}}";
    let parameter = with_parameter(caller);
    for (what, old, new) in [
        (
            "an operation that is not deprecated",
            &text,
            edit(
                &text,
                "operationId: ask\n",
                "operationId: ask\n      deprecated: false\n",
            ),
        ),
        (
            "a code that is not retired",
            &text,
            edit(&text, "kind: bank}", "kind: bank, readOnly: false}"),
        ),
        (
            "a parameter that is not deprecated",
            &parameter,
            edit(
                &parameter,
                "required: true, schema",
                "required: true, deprecated: false, schema",
            ),
        ),
    ] {
        check(what, old, &new, "", harmless(""));
    }
}

/// Names that occur neither on the wire nor in code.
#[test]
fn names_that_only_the_document_knows_may_change() {
    let text = small();
    let caller = "{in: path, name: callerName, required: true, schema: {type: string}}";
    let parameter = with_parameter(caller);
    let renamed = parameter.replace("callerName", "caller");
    check(
        "a parameter of the path",
        &parameter,
        &renamed,
        "words-changed",
        harmless(""),
    );
    let renamed = text.replace("id: bank-number", "id: number-of-the-bank");
    check(
        "a condition",
        &text,
        &renamed,
        "words-changed",
        harmless(""),
    );
    let condition = "        - id: no-bank-number\n          when: {field: channel, in: ['6']}\n          \
                     forbid: [bankNo]\n          reason: A wallet has no bank.\n";
    let wider = condition.replace("['6']", "['6', '13']");
    let halves = condition.to_owned()
        + &condition
            .replace("['6']", "['13']")
            .replace("no-bank", "none");
    let [wider, halves] = [wider, halves].map(|rules| edit(&text, condition, &rules));
    let rules = "words-changed words-changed";
    check("a condition in two", &wider, &halves, rules, harmless(""));
}

/// Adding a code moves the following ones, without changing them.
#[test]
fn a_code_before_all_others_is_one_change() {
    let exception = "x-skypay-lint-exceptions: [{rule: unused-code, reason: None.}]";
    let readable = "description: Not readable.";
    let table = edit(&small(), readable, &format!("{exception}, {readable}"));
    let front = edit(&table, "['1000', '-1000'", "['-999', '1000', '-1000'");
    let success = "        - {value: '1000', name";
    let first = "        - {value: '-999', name: First, description: First., outcome: unknown}\n";
    let front = edit(&front, success, &format!("{first}{success}"));
    check(
        "a code",
        &table,
        &front,
        "code-added",
        "risky,risk,ok,minor,minor,",
    );
}

/// Headers and query parameters that become required or are no longer required.
#[test]
fn parameters_break_the_side_that_must_send_them() {
    let text = small();
    let header = |required: bool| {
        let schema = "schema: {type: string, maxLength: 9}";
        with_parameter(&format!(
            "{{in: header, name: X-Trace, required: {required}, {schema}}}"
        ))
    };
    for (what, old, new, expected) in [
        (
            "an optional one comes",
            &text,
            &header(false),
            "compatible,ok,ok,minor,minor,",
        ),
        (
            "a required one comes",
            &text,
            &header(true),
            "breaking,break,ok,major,minor,",
        ),
        (
            "a required one goes",
            &header(true),
            &text,
            "source-breaking,risk,break,major,major,",
        ),
        (
            "an optional one goes",
            &header(false),
            &text,
            "source-breaking,risk,risk,major,major,",
        ),
        (
            "one becomes required",
            &header(false),
            &header(true),
            "breaking,break,ok,major,major,",
        ),
        (
            "one becomes shorter",
            &header(false),
            &header(false).replace("maxLength: 9}", "maxLength: 8}"),
            "breaking,break,ok,major,patch,",
        ),
    ] {
        let report = diff(old, new).unwrap();
        assert_eq!(verdict(&report), expected, "{what}{}", told(&report));
    }
}

/// Both sides recognize a success by its code, wherever it is declared.
#[test]
fn another_code_of_success_breaks_both_sides() {
    let text = small();
    let everywhere = text.replace("'1000'", "'1001'");
    let table = edit(
        &text,
        "{value: '1000', name: Success",
        "{value: '1001', name: Success",
    );
    let accepted = edit(&text, "accepted: {code: '1000'", "accepted: {code: '1001'");
    let operation = edit(
        &text,
        "{code: '1000', meaning: Done.",
        "{code: '-1009', meaning: Done.",
    );
    let edits = [&everywhere, &table, &accepted, &operation];
    for new in edits {
        for (old, new) in [(&text, new), (new, &text)] {
            let report = diff(old, new).unwrap();
            let impact = report.impact;
            let wire = (impact.caller.word(), impact.callee.word());
            // Reversing the edit of a single row removes no success.
            let found = wire == ("break", "break") || (old == &operation);
            assert!(found, "{}", told(&report));
        }
    }
    let failed = edit(&text, "outcome: unknown}", "outcome: accepted}");
    let report = diff(&text, &failed).unwrap();
    assert_eq!(
        verdict(&report),
        "breaking,break,ok,minor,minor,",
        "{}",
        told(&report)
    );
}

/// Undecidable changes are reported as a risk.
#[test]
fn a_pattern_that_cannot_be_decided_is_a_risk() {
    let field = |pattern: &str| with(&[&format!("a: {{type: string, pattern: '{pattern}'}}")]);
    let report = diff(&field("^(?=a)a$"), &field("^(?=b)b$")).unwrap();
    let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
    assert_eq!(rules, ["constraint-unclear"]);
    assert_eq!(verdict(&report), "source-breaking,risk,risk,major,patch,");
    let text = small();
    let condition = |pattern: &str| {
        let forbid = "          forbid: [bankNo]\n";
        edit(
            &text,
            forbid,
            &format!("{forbid}          match: {{amount: '{pattern}'}}\n"),
        )
    };
    let report = diff(&condition("^(?=a)a$"), &condition("^(?=b)b$")).unwrap();
    let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
    assert_eq!(rules, ["condition-unclear"]);
    assert_eq!(verdict(&report), "source-breaking,risk,risk,major,patch,");
}
