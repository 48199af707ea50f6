//! What edits mean: every row of `tests/breaking/verdicts.csv` on its
//! documents, and every row of `tests/breaking/ours.csv` on the real one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;

use std::collections::BTreeMap;
use std::fs;

use codegen::diff::{Change, Headline, Part, Report, Role, compare, diff};
use codegen::document::{Node, Value};

use cases::{edited_by, folder, groups, read, real, rows};

/// The verdict as a row states it.
fn verdict(report: &Report) -> String {
    let verdict = report.verdict;
    let lint = report.changes.iter().find_map(|change| change.lint);
    [
        report.headline.word(),
        verdict.caller.word(),
        verdict.callee.word(),
        verdict.client.word(),
        verdict.server.word(),
        lint.unwrap_or_default(),
    ]
    .join(",")
}

fn expected(row: impl Fn(&str) -> String) -> String {
    [
        "headline",
        "wire_client",
        "wire_server",
        "bump_client_crate",
        "bump_server_crate",
        "lint",
    ]
    .map(row)
    .join(",")
}

fn told(report: &Report) -> String {
    let lines = report.changes.iter().map(|change| {
        let place = &change.place;
        format!(
            "\n    {} {} {}:{} {} {:?} -> {:?} {:?}",
            change.headline,
            change.rule,
            place.line,
            place.column,
            place.pointer,
            change.old,
            change.new,
            change.verdict
        )
    });
    lines.collect()
}

#[test]
fn every_case_gets_its_verdict() {
    let base = read("base.yaml");
    let text = read("verdicts.csv");
    let rows = rows(&text);
    let mut wrong = Vec::new();
    for row in &rows {
        let case = row("case");
        let report = diff(&base, &read(&format!("{case}.yaml"))).unwrap();
        let (actual, expected) = (verdict(&report), expected(row));
        if actual != expected {
            wrong.push(format!("{case}\n  {actual}\n  {expected}{}", told(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rows.len(), 45, "all rows were there to be read");
}

/// Everything that is said of every edit, in both directions.
#[test]
fn each_edit_is_told_as_reviewed() {
    let base = read("base.yaml");
    let text = read("verdicts.csv");
    let mut told = String::new();
    for row in &rows(&text) {
        let case = row("case");
        let edited = read(&format!("{case}.yaml"));
        for (way, old, new) in [("there", &base, &edited), ("back", &edited, &base)] {
            let report = diff(old, new).unwrap();
            told += &format!("{case}, {way}: {}\n", verdict(&report));
            told.extend(report.changes.iter().map(in_full));
        }
    }
    insta::assert_snapshot!(told);
}

fn in_full(change: &Change) -> String {
    let Change {
        rule,
        subject,
        place,
        side,
        near,
        old,
        new,
        verdict,
        headline,
        lint: _,
        users,
    } = change;
    let users: Vec<_> = users
        .iter()
        .map(|user| format!("{} {:?} {}", user.operation, user.part, user.callback))
        .collect();
    let roles = [Role::Partner, Role::Client, Role::Server].map(|role| change.headline_for(role));
    format!(
        "  {rule}: {subject}\n    {side:?} {}:{} {}, near {}:{} {}\n    {old:?} -> {new:?}\n    \
         {headline} {verdict:?} {roles:?} {}\n    {}\n",
        place.line,
        place.column,
        place.pointer,
        near.line,
        near.column,
        near.pointer,
        change.fingerprint(),
        users.join(", ")
    )
}

#[test]
fn every_case_file_has_a_row() {
    let text = read("verdicts.csv");
    let cases: Vec<_> = rows(&text).iter().map(|row| row("case")).collect();
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(case) = name.strip_suffix(".yaml").filter(|name| *name != "base") {
            assert!(cases.iter().any(|known| known == case), "{case} has no row");
        }
    }
}

#[test]
fn every_edit_of_the_real_document_gets_its_verdict() {
    let document = real();
    let tree = codegen::diff::read(&document).unwrap();
    let text = read("ours.csv");
    let rows = rows(&text);
    let mut wrong = Vec::new();
    for edits in groups(&rows) {
        let row = &edits[0];
        let after = edited_by(&document, edits);
        let report = compare(&tree, &codegen::diff::read(&after).unwrap());
        let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
        let actual = format!("{} {}", verdict(&report), rules.join(" "));
        let expected = format!("{} {}", expected(row), row("rules"));
        if actual != expected {
            let case = row("case");
            wrong.push(format!("{case}\n  {actual}\n  {expected}{}", told(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows.len() > 60, "all rows were there to be read");
}

#[test]
fn what_is_shared_is_reported_once_with_its_users() {
    let case = read("48-shared-envelope-field-added.yaml");
    let report = diff(&read("base.yaml"), &case).unwrap();
    let [change] = report.changes.as_slice() else {
        panic!("one change:{}", told(&report));
    };
    assert_eq!(change.subject, "ResponseEnvelope.traceId");
    let users: Vec<_> = change
        .users
        .iter()
        .map(|user| user.operation.as_str())
        .collect();
    let expected = [
        "balanceQuery",
        "cancelPayout",
        "payoutQueryStatus",
        "payoutQueue",
    ];
    assert_eq!(users, expected);
    assert!(
        change
            .users
            .iter()
            .all(|user| user.part == Some(Part::Response))
    );
    let line = case.lines().nth(change.place.line - 1).unwrap();
    assert_eq!(line.trim(), "traceId:");
}

#[test]
fn a_rename_is_one_change() {
    let report = diff(&read("base.yaml"), &read("42-field-renamed-typo-fix.yaml")).unwrap();
    let [change] = report.changes.as_slice() else {
        panic!("one change:{}", told(&report));
    };
    assert_eq!(change.rule, "field-renamed");
    assert_eq!(change.old.as_deref(), Some("responseDescription"));
    assert_eq!(change.new.as_deref(), Some("responseDescripton"));
}

#[test]
fn order_alone_is_no_change_and_no_edit_is_not_even_a_patch() {
    let base = read("base.yaml");
    let reordered = diff(&base, &read("45-keys-reordered.yaml")).unwrap();
    assert!(reordered.changes.is_empty(), "{}", told(&reordered));
    assert_eq!(reordered.headline, Headline::Patch);
    for document in [base, real()] {
        let report = diff(&document, &document).unwrap();
        assert!(report.changes.is_empty(), "{}", told(&report));
        assert_eq!(verdict(&report), "none,ok,ok,none,none,");
        let version = codegen::diff::read(&document).unwrap();
        let version = version.get("info").unwrap().text_of("version");
        assert_eq!(Some(report.old_version.as_str()), version);
        assert_eq!(Some(report.new_version.as_str()), version);
    }
}

/// A comparison and its reverse see the same edits.
#[test]
fn the_way_back_is_seen_as_well() {
    let base = read("base.yaml");
    let text = read("verdicts.csv");
    for row in &rows(&text) {
        let case = row("case");
        let report = diff(&read(&format!("{case}.yaml")), &base).unwrap();
        let reordered = case.ends_with("reordered");
        assert_eq!(report.changes.is_empty(), reordered, "{case}");
    }
}

#[test]
fn places_stand_in_the_document_that_they_name() {
    let (old, new) = (read("base.yaml"), read("01-api-op-removed.yaml"));
    let report = diff(&old, &new).unwrap();
    let change = &report.changes[0];
    assert_eq!(change.side, codegen::diff::Side::Old);
    let line = old.lines().nth(change.place.line - 1).unwrap();
    assert!(line.contains("#cancelPayout"), "{line}");
    let near = new.lines().nth(change.near.line - 1).unwrap();
    assert_eq!(near, "paths:");
}

#[test]
fn other_texts_are_refused_with_their_place() {
    let base = read("base.yaml");
    for (text, rule) in [
        ("", "yaml"),
        ("a: [", "yaml"),
        ("- a\n", "yaml"),
        ("swagger: '2.0'\npaths: {}\n", "shape"),
        ("openapi: 3.0.3\ninfo: {}\n", "shape"),
    ] {
        for problems in [
            diff(text, &base).unwrap_err(),
            diff(&base, text).unwrap_err(),
        ] {
            assert_eq!(problems.as_slice()[0].rule, rule, "{text:?}");
        }
    }
}

/// Changes the leaf with a number, counted in the order of the document, and
/// says where it stands; nothing if there are fewer.
fn nudge(node: &mut Node, left: &mut usize) -> Option<String> {
    let pointer = node.place.pointer.clone();
    match &mut node.value {
        Value::Map(entries) => {
            let mut nodes = entries.iter_mut().map(|entry| &mut entry.node);
            return nodes.find_map(|node| nudge(node, left));
        }
        Value::List(items) => return items.iter_mut().find_map(|node| nudge(node, left)),
        _ if *left > 0 => {
            *left -= 1;
            return None;
        }
        Value::Null => node.value = Value::Bool(true),
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(raw) => raw.insert(0, '9'),
        Value::Text(text) => text.push('X'),
    }
    Some(pointer)
}

/// The places whose change goes unseen, of every so many leaves.
fn unseen(text: &str, step: usize) -> Vec<String> {
    let old = codegen::diff::read(text).unwrap();
    let mut unseen = Vec::new();
    for number in (0..).step_by(step) {
        let mut new = old.clone();
        let Some(pointer) = nudge(&mut new, &mut number.clone()) else {
            assert!(number > 100, "the documents have many leaves");
            break;
        };
        if compare(&old, &new).changes.is_empty() {
            unseen.push(pointer);
        }
    }
    unseen
}

#[test]
fn no_edit_of_a_value_goes_unseen() {
    assert_eq!(unseen(&read("base.yaml"), 1), [""; 0]);
    assert_eq!(unseen(&real(), 97), [""; 0]);
}

/// Changes one thing of a document, by its number, and says where it stood;
/// nothing if there are fewer.
type Edit = fn(&mut Node, &mut usize) -> Option<String>;

/// The documents after each edit of a kind, by its place; without those whose
/// meaning is told elsewhere.
fn edited_once(root: &Node, edit: Edit) -> impl Iterator<Item = (String, Node)> {
    (0..)
        .map_while(move |number: usize| {
            let mut edited = root.clone();
            let pointer = edit(&mut edited, &mut number.clone())?;
            Some((pointer, edited))
        })
        .filter(|(pointer, _)| !is_told_elsewhere(pointer))
}

/// Removes the entry or item with a number, and says where it stood.
fn remove(node: &mut Node, left: &mut usize) -> Option<String> {
    let children = match &mut node.value {
        Value::Map(entries) => {
            if let Some(entry) = entries.get(*left) {
                let pointer = entry.node.place.pointer.clone();
                entries.remove(*left);
                return Some(pointer);
            }
            *left -= entries.len();
            entries.iter_mut().map(|entry| &mut entry.node).collect()
        }
        Value::List(items) => {
            if let Some(item) = items.get(*left) {
                let pointer = item.place.pointer.clone();
                items.remove(*left);
                return Some(pointer);
            }
            *left -= items.len();
            items.iter_mut().collect()
        }
        _ => Vec::new(),
    };
    children.into_iter().find_map(|child| remove(child, left))
}

/// Whether something is prose or in an example, which many places have alike.
fn is_told_elsewhere(pointer: &str) -> bool {
    let prose = ["description", "summary", "note", "meaning", "because"];
    pointer.contains("/example") || prose.iter().any(|word| pointer.ends_with(word))
}

/// Every word of a document, and what it means that its value changes, that it
/// goes and that it comes.
#[test]
fn what_each_word_means_is_as_reviewed() {
    // To leave exceptions out takes longer than all the rest, so they have a
    // test of their own.
    let text = read("../documents/every-word.yaml").replace(EXCEPTION, "");
    let root = codegen::diff::read(&text).unwrap();
    let mut told = String::new();
    let mut tell = |how: &str, pointer: &str, old: &Node, new: &Node| {
        let report = compare(old, new);
        let rules: Vec<_> = report.changes.iter().map(|change| change.rule).collect();
        told += &format!(
            "{pointer} {how}: {} {}\n",
            verdict(&report),
            rules.join(" ")
        );
    };
    for (pointer, other) in edited_once(&root, nudge) {
        tell("changes", &pointer, &root, &other);
    }
    for (pointer, shorter) in edited_once(&root, remove) {
        tell("goes", &pointer, &root, &shorter);
        tell("comes", &pointer, &shorter, &root);
    }
    insta::assert_snapshot!(told);
}

/// An exception from a rule of the linter, as it stands in the document.
const EXCEPTION: &str = "      x-skypay-lint-exceptions: [{rule: length, reason: None.}]\n";

#[test]
fn an_exception_from_a_rule_is_a_word_to_readers() {
    let with = read("../documents/every-word.yaml");
    let without = with.replacen(EXCEPTION, "", 1);
    let other = with.replacen(
        "reason: None.}",
        "reason: Another.}, {rule: name, reason: Why.}",
        1,
    );
    let length = "except from length: None.";
    let both = "except from length: Another. except from name: Why.";
    for (old, new, was, is) in [
        (&with, &without, Some(length), None),
        (&without, &with, None, Some(length)),
        (&with, &other, Some(length), Some(both)),
    ] {
        let report = diff(old, new).unwrap();
        let [change] = report.changes.as_slice() else {
            panic!("one change:{}", told(&report));
        };
        assert_eq!(change.rule, "words-changed");
        assert_eq!(change.subject, "ControlNumberEntry");
        assert_eq!((change.old.as_deref(), change.new.as_deref()), (was, is));
        assert_eq!(verdict(&report), "patch,ok,ok,patch,patch,");
    }
    assert!(diff(&with, &with).unwrap().changes.is_empty());
}

/// A document with another text for one that stands there once.
fn edit(document: &str, old: &str, new: &str) -> String {
    assert_eq!(document.matches(old).count(), 1, "{old}");
    document.replacen(old, new, 1)
}

/// What becomes of a table's codes where a field takes only some of them.
#[test]
fn a_place_that_picks_codes_goes_on_with_its_own() {
    let text = read("../documents/accepted.yaml");
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

/// Each change with its verdict.
fn in_short(what: &str, old: &str, new: &str) -> String {
    let report = diff(old, new).unwrap();
    let mut told = format!("{what}: {}\n", verdict(&report));
    for change in &report.changes {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        told += &format!(
            "  {} {}: {old:?} -> {new:?}\n    {} {:?}\n",
            change.rule, change.subject, change.headline, change.verdict
        );
    }
    told
}

/// A field that goes and one that comes may be the same, by what each is called
/// and by what it is.
#[test]
fn fields_are_found_again_as_reviewed() {
    let text = read("../documents/accepted.yaml");
    let field =
        "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";
    let with = |fields: &[&str]| {
        let fields = fields.iter().map(|field| format!("        {field}\n"));
        let fields: String = fields.collect();
        edit(&text, field, &format!("{field}{fields}"))
    };
    let required = |document: &str, name: &str| {
        let list = "[userName, action, authentication, controlNumber, channel, amount";
        edit(document, list, &format!("{list}, {name}"))
    };
    let town = with(&["town: {type: string}"]);
    let fixed = with(&["town: {type: string, x-skypay-transport: true}"]);
    let constant = with(&["town: {type: string, enum: [A], x-skypay-constant: true}"]);
    let mut told = String::new();
    for (what, old, new) in [
        (
            "one of equal form, one that reads the old name",
            &town,
            with(&[
                "tone: {type: string}",
                "city: {type: integer, x-skypay-aliases: [town]}",
            ]),
        ),
        (
            "one of equal form, one whose name the old one reads",
            &with(&["town: {type: string, x-skypay-aliases: [city]}"]),
            with(&[
                "tone: {type: string, x-skypay-aliases: [city]}",
                "city: {type: integer}",
            ]),
        ),
        (
            "one of equal form, one of the same name in Rust",
            &town,
            with(&[
                "tone: {type: string}",
                "city: {type: integer, x-skypay-rust-name: town}",
            ]),
        ),
        (
            "two of equal form, the name of the second closer",
            &town,
            with(&["city: {type: string}", "tone: {type: string}"]),
        ),
        ("another form", &town, with(&["tone: {type: integer}"])),
        (
            "there more often",
            &town,
            required(&with(&["tone: {type: string}"]), "tone"),
        ),
        (
            "no longer written by the transport, with another name",
            &fixed,
            with(&["city: {type: string, x-skypay-aliases: [town]}"]),
        ),
        (
            "no longer written by the transport, with another name in Rust",
            &fixed,
            with(&["town: {type: string, x-skypay-rust-name: city}"]),
        ),
        (
            "no longer constant, and longer",
            &constant,
            with(&["town: {type: string, enum: [A, B]}"]),
        ),
        (
            "an equal list, told and shown in other words",
            &with(&["towns: {type: array, items: {type: string, example: A}}"]),
            with(&["tones: {type: array, items: {type: string, title: B}, description: B.}"]),
        ),
        (
            "a list of something else",
            &with(&["towns: {type: array, items: {type: string}}"]),
            with(&["tones: {type: array, items: {type: integer}}"]),
        ),
        (
            "another alias, another example, another way to the same component",
            &with(&[
                "town: {$ref: '#/components/schemas/UserName', x-skypay-aliases: [a], example: b}",
            ]),
            with(&[
                "tone: {allOf: [{$ref: '#/components/schemas/UserName'}], x-skypay-aliases: [c]}",
            ]),
        ),
        (
            "the same component, which has another field",
            &with(&["town: {$ref: '#/components/schemas/ControlNumberEntry'}"]),
            with(&["tone: {$ref: '#/components/schemas/ControlNumberEntry'}"]).replacen(
                "        controlNumber: {$ref",
                "        other: {type: string}\n        controlNumber: {$ref",
                1,
            ),
        ),
        (
            "an object with another field",
            &with(&["town: {type: object, properties: {a: {type: string}}}"]),
            with(&["tone: {type: object, properties: {b: {type: string}}}"]),
        ),
        (
            "no list of values any more",
            &with(&["town: {type: string, enum: [A, B]}"]),
            town.clone(),
        ),
        (
            "there more often, but null",
            &town,
            required(&with(&["town: {type: string, nullable: true}"]), "town"),
        ),
    ] {
        told += &in_short(what, old, &new);
    }
    insta::assert_snapshot!(told);
}

/// An operation that goes and one that comes may be the same, by where it is, by
/// what it is called and by what it says.
#[test]
fn operations_are_found_again_as_reviewed() {
    let text = read("../documents/accepted.yaml");
    let (pay, ask, paid) = (
        "  /services/{callerName}#pay:\n",
        "  /services/{callerName}#ask:\n",
        "  /skypay#paid:\n",
    );
    let [start, middle, end] = [pay, ask, paid].map(|path| text.find(path).unwrap());
    let renamed = |document: &str, old: &str, new: &str| {
        let id = |name| format!("      operationId: {name}\n");
        edit(document, &id(old), &id(new))
    };
    let labelled = |document: &str, old: &str, new: &str| {
        edit(document, &format!("#{old}:\n"), &format!("#{new}:\n"))
    };
    let unlabelled = edit(&text, "/services/{callerName}#pay:", "/pay:");
    let swapped = text[..start].to_owned() + &text[middle..end] + &text[start..middle];
    let swapped = swapped + &text[end..];
    let unlabelled_both = edit(&unlabelled, "/services/{callerName}#ask:", "/ask:");
    let of_path = |parameter: &str| {
        let parameters = format!("    parameters: [{parameter}]\n");
        edit(&text, pay, &format!("{pay}{parameters}"))
    };
    let caller = "{in: path, name: callerName, required: true, description: Who.}";
    let constants = edit(
        &text,
        "        bankNo: {",
        "        zone: {type: string, enum: [pay], x-skypay-constant: true}\n        bankNo: {",
    );
    let mut told = String::new();
    for (what, old, new) in [
        (
            "two exchange their names",
            &text,
            renamed(
                &renamed(&renamed(&text, "ask", "other"), "pay", "ask"),
                "other",
                "pay",
            ),
        ),
        (
            "another path and another label, the same name",
            &text,
            edit(&text, "/services/{callerName}#pay:", "/elsewhere#send:"),
        ),
        (
            "another path and another name, the same label",
            &text,
            edit(
                &renamed(&text, "pay", "send"),
                "/services/{callerName}#pay:",
                "/elsewhere#pay:",
            ),
        ),
        (
            "two with other labels and names, in another order",
            &text,
            labelled(
                &labelled(
                    &renamed(&renamed(&swapped, "pay", "send"), "ask", "query"),
                    "pay",
                    "send",
                ),
                "ask",
                "query",
            ),
        ),
        (
            "no label, another path, another name",
            &unlabelled,
            renamed(&edit(&unlabelled, "  /pay:", "  /send:"), "pay", "send"),
        ),
        (
            "two without labels, with other names",
            &unlabelled_both,
            renamed(&renamed(&unlabelled_both, "pay", "send"), "ask", "query"),
        ),
        (
            "another path and the other direction",
            &text,
            edit(
                &text,
                "  /skypay#paid:\n    x-skypay-direction: callback\n",
                "  /partner#paid:\n",
            ),
        ),
        (
            "another label of the same action",
            &text,
            labelled(&text, "pay", "pay.out"),
        ),
        (
            "another action, beside a constant that is called like it",
            &constants,
            edit(
                &constants,
                "enum: [pay], description: The action.",
                "enum: [send], description: The action.",
            ),
        ),
        (
            "a path says what it is for",
            &text,
            edit(&text, pay, &format!("{pay}    summary: Paying.\n")),
        ),
        ("a parameter comes", &text, of_path(caller)),
        ("a parameter goes", &of_path(caller), text.clone()),
        (
            "a parameter is told in other words",
            &of_path(caller),
            of_path(&caller.replace("Who.", "Who calls.")),
        ),
        (
            "a parameter may be left out",
            &of_path(caller),
            of_path(&caller.replace("true", "false")),
        ),
    ] {
        told += &in_short(what, old, &new);
    }
    insta::assert_snapshot!(told);
}

/// What stands around the messages of an operation.
#[test]
fn terms_of_an_operation_change_as_reviewed() {
    let text = read("../documents/accepted.yaml");
    let answers = "      description: Tells.\n";
    let codes = |from: u32, to: u32| {
        let range = format!("      x-skypay-partner-codes: {{from: {from}, to: {to}}}\n");
        edit(&text, answers, &format!("{answers}{range}"))
    };
    let waiting = |old: &str, new: &str| edit(&text, old, new);
    let schema = "            schema: {$ref: '#/components/schemas/PaidRequest'}\n";
    let unknown = edit(
        &text,
        schema,
        &format!("{schema}            encoding: {{}}\n"),
    );
    let mut told = String::new();
    for (what, old, new) in [
        ("codes of the partner's own come", &text, codes(10, 20)),
        (
            "codes of the partner's own go",
            &codes(10, 20),
            text.clone(),
        ),
        ("more of them below", &codes(10, 20), codes(9, 20)),
        ("more of them above", &codes(10, 20), codes(10, 21)),
        ("fewer of them below", &codes(10, 20), codes(11, 20)),
        ("fewer of them above", &codes(10, 20), codes(10, 19)),
        ("others of them", &codes(10, 20), codes(15, 25)),
        (
            "asking later",
            &text,
            waiting("askAfterSeconds: 300", "askAfterSeconds: 301"),
        ),
        (
            "asking sooner",
            &text,
            waiting("askAfterSeconds: 300", "askAfterSeconds: 299"),
        ),
        (
            "never sent again",
            &text,
            waiting("resend: after-asking", "resend: never"),
        ),
        (
            "sent again at any time",
            &text,
            waiting("resend: after-asking", "resend: safe"),
        ),
        (
            "waiting in other words",
            &text,
            waiting("note: Ask first.", "note: Ask before."),
        ),
        (
            "an answer in other words",
            &text,
            edit(
                &text,
                "description: Accepted or refused.",
                "description: Either.",
            ),
        ),
        (
            "a word that is unknown and stays",
            &unknown,
            unknown.clone(),
        ),
    ] {
        told += &in_short(what, old, &new);
    }
    insta::assert_snapshot!(told);
}

/// What stands around the operations.
#[test]
fn the_rest_of_the_document_changes_as_reviewed() {
    let text = read("../documents/accepted.yaml");
    let server = "  - url: https://test.example.com\n    description: For trying things out.\n    \
                  x-skypay-environment: test\n";
    let with = |servers: &[&str]| edit(&text, server, &servers.concat());
    let (nameless, other, third) = (
        "  - {url: https://a.example.com}\n",
        "  - {url: https://b.example.com, x-skypay-environment: live}\n",
        "  - {url: https://c.example.com}\n",
    );
    let component = |name: &str, schema: &str| {
        let schemas = "components:\n  schemas:\n";
        edit(
            &text,
            schemas,
            &format!("{schemas}    {name}: {{{schema}}}\n"),
        )
    };
    let kinds = |headers: &str| {
        let kinds = format!("components:\n  headers: {headers}\n");
        edit(&text, "components:\n", &kinds)
    };
    let mut told = String::new();
    for (what, old, new) in [
        (
            "a server in other words",
            &text,
            text.replace("For trying things out.", "For trials."),
        ),
        (
            "the same server elsewhere",
            &text,
            text.replace("https://test.", "https://trial."),
        ),
        (
            "another name of a server",
            &text,
            text.replace("environment: test", "environment: trial"),
        ),
        (
            "another order and an address",
            &with(&[server, other]),
            with(&[
                "  - {url: https://d.example.com, x-skypay-environment: live}\n",
                server,
            ]),
        ),
        ("one more server", &text, with(&[nameless, server])),
        ("one server less", &with(&[server, other]), text.clone()),
        (
            "a server without a name elsewhere",
            &with(&[nameless]),
            with(&[third]),
        ),
        (
            "a server without a name for one with a name",
            &with(&[nameless]),
            with(&[other]),
        ),
        (
            "a server without a name beside one with a name",
            &with(&[server, nameless]),
            with(&[nameless, other]),
        ),
        (
            "an answer in other words",
            &text,
            text.replace(
                "description: The body cannot be read",
                "description: Unreadable",
            ),
        ),
        (
            "another code to answer with",
            &text,
            text.replace("unreadable: {code: '-1000'", "unreadable: {code: '-1009'"),
        ),
        (
            "an extension that is unknown",
            &text,
            format!("{text}x-other: true\n"),
        ),
        ("components of another kind stay", &kinds("{}"), kinds("{}")),
        (
            "components of another kind change",
            &kinds("{}"),
            kinds("{a: {}}"),
        ),
        (
            "a type that nothing uses comes",
            &text,
            component("Idle", "type: string, x-skypay-newtype: true"),
        ),
        (
            "a type that nothing uses goes",
            &component("Idle", "type: string, x-skypay-newtype: true"),
            text.clone(),
        ),
        (
            "a component that nothing uses comes",
            &text,
            component("Idle", "type: string"),
        ),
        (
            "a component that nothing uses goes",
            &component("Idle", "type: string"),
            text.clone(),
        ),
        (
            "a component that nothing uses is another",
            &component("Idle", "type: string, x-skypay-newtype: true"),
            component("Idle", "type: string, x-skypay-newtype: true, maxLength: 3"),
        ),
    ] {
        told += &in_short(what, old, &new);
    }
    insta::assert_snapshot!(told);
}

/// Every form that a value can have, turned into every other.
#[test]
fn each_form_becomes_another_as_reviewed() {
    let text = read("../documents/accepted.yaml");
    let field =
        "        bankNo: {type: string, maxLength: 50, description: The bank., example: SEC}\n";
    let forms = [
        "type: string",
        "type: string, x-skypay-sensitive: true",
        "type: string, enum: [A, B]",
        "type: string, x-skypay-newtype: true",
        "type: string, x-skypay-type: person-name",
        "type: string, x-skypay-type: amount",
        "type: string, x-skypay-type: date",
        "type: string, x-skypay-type: date-time",
        "type: string, x-skypay-type: date-time-fraction",
        "type: string, x-skypay-type: integer",
        "type: string, x-skypay-type: amount, x-skypay-minimum: '0.01'",
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
        let document = edit(&text, field, &format!("        bankNo: {{{form}}}\n"));
        codegen::diff::read(&document).unwrap()
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
