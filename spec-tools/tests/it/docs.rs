//! The reference page is complete and self-contained, text of a document is
//! escaped, and changes have badges.

use std::collections::BTreeSet;

use codegen::document::{Node, Value, load};
use codegen::model::{Api, Part};
use spec_tools::diff::{Report, compare};
use spec_tools::docs::{Compared, Sealed, clear_texts, page};

use edits::{read, table};

use crate::html::Html;
use crate::real;

/// The maximum size of the page.
const LIMIT: usize = 450_000;

/// Returns bodies as long as encrypted ones, all different.
fn sealed(api: &Api) -> Sealed {
    let bodies = clear_texts(api).into_iter().enumerate();
    Sealed {
        key: "the key".to_owned(),
        bodies: bodies
            .map(|(number, clear)| {
                let length = ((clear.len() / 16 + 1) * 16).div_ceil(3) * 4;
                (clear, format!("{number:A>length$}"))
            })
            .collect(),
    }
}

fn written(document: &str, compared: Option<Compared<'_>>) -> String {
    let api = codegen::api(document).unwrap_or_else(|diagnostics| {
        panic!("{}", diagnostics.report("the document"));
    });
    page(&api, &sealed(&api), compared).unwrap()
}

fn compared(report: &Report) -> Compared<'_> {
    let against = "the older one";
    Compared { report, against }
}

fn parsed(text: &str) -> Html {
    Html::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Removes code and table marks from a text and normalizes its whitespace.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    text.replace(['`', '|'], "")
}

/// Returns the first paragraph of a text that is missing on the page.
fn missing<'t>(page: &str, text: &'t str) -> Option<&'t str> {
    let mut paragraphs = text.split("\n\n");
    paragraphs.find(|paragraph| !page.contains(&plain(paragraph)))
}

#[test]
fn everything_that_the_document_says_of_operations_is_there() {
    let document = real();
    let page = parsed(&written(&document, None));
    let all = plain(&page.text);
    let root = load(&document).unwrap();
    let spoken = ["description", "summary", "meaning", "reason", "note"];
    let mut texts = Vec::new();
    collect(&root, &mut |pointer, key, text| {
        let answers = pointer.ends_with("/responses/200/description");
        let scalars = pointer.starts_with("/components/schemas/")
            && pointer.split('/').count() == 5
            && !pointer.contains("Re");
        let exceptions = pointer.contains("x-skypay-lint-exceptions");
        if spoken.contains(&key)
            && !answers
            && !exceptions
            && !scalars
            && pointer != "/info/description"
        {
            texts.push((pointer.to_owned(), text.to_owned()));
        }
    });
    assert!(texts.len() > 600, "{} texts are looked for", texts.len());
    let lacking: Vec<_> = texts
        .iter()
        .filter_map(|(pointer, text)| Some((pointer, missing(&all, text)?)))
        .collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
}

/// Visits every text of a document, with its pointer and key.
fn collect(node: &Node, found: &mut dyn FnMut(&str, &str, &str)) {
    for entry in node.entries() {
        if let Value::Text(text) = &entry.node.value {
            found(&entry.node.location.pointer, &entry.key, text);
        }
        if entry.key != "value" {
            collect(&entry.node, found);
        }
    }
    for item in node.items() {
        collect(item, found);
    }
}

#[test]
fn every_thing_has_its_address_and_its_words() {
    let api = codegen::api(&real()).unwrap();
    let page = parsed(&page(&api, &sealed(&api), None).unwrap());
    let check = |id: &str, words: &[&str]| {
        let text = page.ids.get(id).unwrap_or_else(|| panic!("#{id} is there"));
        for word in words {
            assert_eq!(missing(&plain(text), word), None, "#{id}: {text}");
        }
    };
    for operation in &api.operations {
        let url = format!("POST {}{}", api.environments[0].url, operation.wire_path);
        let facts = [
            &operation.summary,
            &operation.action,
            &operation.retry_policy.note,
        ];
        check(&operation.name, &facts.map(String::as_str));
        check(
            &operation.name,
            &[&format!("{} in 1.37", operation.chapter_current)],
        );
        match operation.direction {
            codegen::model::Direction::ToProvider => {
                check(&operation.name, &["You call SkyPay", &url]);
            }
            codegen::model::Direction::ToPartner => {
                check(&operation.name, &["SkyPay calls you"]);
            }
        }
        for code in &operation.codes {
            let id = format!("{}.{}", operation.name, code.code);
            check(&id, &[&code.code, &code.meaning]);
        }
        for message in [&operation.request, &operation.response] {
            check(&message.name, &[&message.name]);
            for field in message.wire_fields() {
                let id = format!("{}.{}", message.name, field.wire);
                check(&id, &[&field.wire]);
                if field.by_transport {
                    continue;
                }
                check(&id, &[&field.description]);
                let words = [&field.unit, &field.limits.pattern, &field.limits.minimum];
                for word in words.into_iter().flatten().chain(&field.aliases) {
                    check(&id, &[word]);
                }
                for code in &field.picked {
                    check(&id, &[code]);
                }
                if field.sensitive {
                    check(&id, &["sensitive"]);
                }
            }
        }
        let examples = operation.request_examples.iter();
        for example in examples.chain(&operation.response_examples) {
            check(&operation.name, &[&example.summary]);
            let shown = page.ids[&operation.name].split_whitespace();
            let shown: String = shown.collect();
            let compact: String = example.json.split_whitespace().collect();
            assert!(
                shown.contains(&compact),
                "{} {}",
                operation.name,
                example.name
            );
        }
        let method = format!(".{}(&request).await?", operation.method);
        let handler = format!("async fn {}(", operation.method);
        check(&operation.name, &[&method, &handler]);
    }
    for table in &api.code_tables {
        check(&table.name, &[&table.name]);
        for code in &table.codes {
            let id = format!("{}.{}", table.name, code.value);
            check(&id, &[&code.value, &code.variant, &code.doc]);
        }
    }
    for body in sealed(&api).bodies.values() {
        assert!(page.text.contains(body.as_str()));
    }
    for environment in &api.environments {
        check(
            &format!("environment.{}", environment.name),
            &[&environment.url, &environment.doc],
        );
    }
}

#[test]
fn what_is_sealed_is_in_wire_order() {
    let api = codegen::api(&real()).unwrap();
    let mut texts = clear_texts(&api).into_iter();
    for operation in &api.operations {
        for message in [&operation.request, &operation.response] {
            let clear = texts.next().unwrap();
            let wire = message.wire_fields();
            let places = wire.filter_map(|field| clear.find(&format!("\"{}\":", field.wire)));
            assert!(places.is_sorted(), "{}: {clear}", message.name);
            let is_request = message.part == Part::Request;
            assert!(!is_request || clear.contains("\"authentication\":"));
        }
    }
    assert_eq!(texts.next(), None);
}

#[test]
fn it_is_one_small_file_that_loads_nothing() {
    let document = real();
    let text = written(&document, None);
    assert!(text.len() < LIMIT, "{} bytes", text.len());
    assert_eq!(text, written(&document, None), "the same page twice");
    let page = parsed(&text);
    let loading = [
        "link", "img", "iframe", "object", "embed", "source", "audio", "video", "base", "image",
    ];
    for (tag, attributes) in &page.elements {
        assert!(!loading.contains(&tag.as_str()), "<{tag}>");
        for (name, value) in attributes {
            let inert = !["src", "srcset", "data", "style", "action", "poster"]
                .contains(&name.as_str())
                && !name.starts_with("on");
            assert!(inert, "<{tag} {name}={value}>");
            if name == "href" {
                assert!(value.starts_with('#'), "<{tag} {name}={value}>");
            }
        }
    }
    for part in &page.raw {
        for word in [
            "@import",
            "url(",
            "http:",
            "https:",
            "fetch(",
            "XMLHttpRequest",
            "innerHTML",
        ] {
            assert!(!part.contains(word), "{word}");
        }
    }
}

#[test]
fn diagrams_show_how_money_moves() {
    let page = parsed(&written(&real(), None));
    let labels = page.elements.iter().filter(|(tag, _)| tag == "svg");
    let labels: Vec<_> = labels
        .flat_map(|(_, attributes)| attributes)
        .filter(|(name, _)| name == "aria-label")
        .map(|(_, label)| label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "How a call of payoutQueue can end",
            "How a call of payoutQueueV2 can end",
            "How a call of balanceTransfer can end",
            "What payoutQueuePayout reports",
            "What leads to payoutPayout",
            "What leads to collectionCollect",
        ]
    );
    for (operation, states) in [
        (
            "payoutQueue",
            [
                "ask payoutQueryStatus after 300 s",
                "Pending, Uploaded, InquirySucceeded",
                "Cancelled with cancelTime",
            ],
        ),
        (
            "payoutQueuePayout",
            [
                "payoutQueue, payoutQueueV2",
                "Amended, AmendFailed",
                "another notice may follow",
            ],
        ),
        (
            "payoutPayout",
            [
                "payoutInquiry",
                "payoutPayout follows if it is paid",
                "or your own code, 2000 to 2999",
            ],
        ),
        (
            "collectionCollect",
            [
                "collectionInquiry",
                "collectionCollect, accepted: 1000",
                "unknown: -1009",
            ],
        ),
    ] {
        for state in states {
            let text = &page.ids[operation];
            assert!(text.contains(state), "{state}: {text}");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    check_links(&parsed(&written(&real(), None)));
}

fn check_links(page: &Html) {
    for (tag, attributes) in &page.elements {
        for (name, value) in attributes {
            if name == "href"
                && let Some(target) = value.strip_prefix('#')
            {
                assert!(page.ids.contains_key(target), "<{tag} href={value}>");
            }
        }
    }
}

#[test]
fn headings_go_down_one_by_one() {
    let page = parsed(&written(&real(), None));
    let levels = page.elements.iter().filter_map(|(tag, _)| {
        let level = tag.strip_prefix('h')?;
        level.parse::<u32>().ok()
    });
    let levels: Vec<_> = levels.collect();
    assert_eq!(levels[0], 1);
    assert!(levels.len() > 100, "{levels:?}");
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1 && pair[1] > 1, "{pair:?}");
    }
}

#[test]
fn nothing_of_a_document_is_taken_for_html() {
    let attack = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp; ";
    let mut document = real();
    for words in [
        "SkyPay pays out to bank accounts,",
        "Orders a payout to a bank account",
        "The order was accepted. The money",
        "If the outcome is unknown, wait",
        "A bank payout names the bank, and",
        "The payee's place of birth.",
        "Cebuana Lhuillier remittance stores. For",
        "Production. Real money.",
        "Sends money to bank accounts",
        "To a bank account",
        "Example App",
    ] {
        assert!(document.contains(words), "{words}");
        document = document.replace(words, &format!("{words} {attack}"));
    }
    // Plain scalars must not contain YAML syntax.
    let document = document
        .lines()
        .map(|line| match line.split_once(": ") {
            Some((key, value)) if value.contains("<script>") && !value.starts_with(['>', '|']) => {
                let key_only = key.trim_start().trim_start_matches("- ");
                if key_only.contains(' ') {
                    return line.to_owned();
                }
                format!("{key}: '{}'", value.trim_matches('\'').replace('\'', "''"))
            }
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    let page = parsed(&written(&document, None));
    let count = |wanted: &str| {
        let elements = page.elements.iter();
        elements.filter(|(tag, _)| tag == wanted).count()
    };
    assert_eq!((count("script"), count("img")), (1, 0));
    let shown = page.text.matches("<script>alert(1)</script>").count();
    assert!(shown > 20, "{shown} of them are shown as text");
}

/// The badge of an anchor, if it has one.
fn mark(page: &Html, id: &str) -> Option<String> {
    let text = page.ids.get(id)?;
    let words = ["added", "changed", "removed"];
    let marked = page.marked.get(id)?;
    let word = words.into_iter().find(|word| marked == word);
    assert!(text.contains(word?), "#{id}");
    word.map(str::to_owned)
}

/// Which of two documents is the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// The edited document.
    On,
    /// The document without the edit.
    Back,
}

/// An edit, and the expected badges by anchor; empty for none.
type Marked = (&'static str, Taken, &'static [(&'static str, &'static str)]);

const MARKED: &[Marked] = &[
    (
        "result-code-added",
        Taken::On,
        &[
            ("payoutQueue", "changed"),
            ("payoutQueue.-1013", "added"),
            ("payoutQueue.-1000", ""),
            ("payoutQueueV2", ""),
        ],
    ),
    (
        "result-code-removed",
        Taken::On,
        &[("payoutQueue", "changed"), ("payoutQueue.-1021", "")],
    ),
    (
        "result-code-removed",
        Taken::Back,
        &[("payoutQueue.-1021", "added"), ("payoutQueue.-1022", "")],
    ),
    (
        "condition-added",
        Taken::Back,
        &[
            ("PayoutQueueRequest.wallet-payout", ""),
            ("payoutQueue", "changed"),
        ],
    ),
    (
        "condition-removed",
        Taken::Back,
        &[("PayoutQueueRequest.bank-payout", "added")],
    ),
    (
        "alias-added",
        Taken::On,
        &[
            ("GetReportCollectionResponse.result.referenceNo", "changed"),
            ("getReportCollection", "changed"),
            ("getReportPayout", ""),
        ],
    ),
    (
        "table-payout-channel-removed",
        Taken::Back,
        &[("PayoutChannel.9", "added"), ("PayoutChannel.8", "")],
    ),
    (
        "production-moves",
        Taken::On,
        &[
            ("environment.production", "changed"),
            ("environment.test", ""),
        ],
    ),
    (
        "shared-number-shorter",
        Taken::Back,
        &[
            ("PayoutQueueRequest.controlNumber", "changed"),
            (
                "CancelPayoutRequest.controlNumbers.controlNumber",
                "changed",
            ),
            ("PayoutQueueRequest.amount", ""),
        ],
    ),
    (
        "callback-becomes-money-moving",
        Taken::Back,
        &[("payoutInquiry", "changed"), ("payoutPayout", "")],
    ),
    ("envelope-changed", Taken::On, &[("page.wire", "changed")]),
];

#[test]
fn edits_are_marked_where_they_are() {
    let document = real();
    let now = spec_tools::diff::read(&document).unwrap();
    let cases = table("ours.csv");
    for (case, taken, expected) in MARKED {
        let edited = cases.iter().find(|edited| edited.name() == *case);
        let other = edited.unwrap().apply(&document).unwrap();
        let other_tree = spec_tools::diff::read(&other).unwrap();
        let (report, text) = match taken {
            Taken::Back => (compare(&other_tree, &now), &document),
            Taken::On => (compare(&now, &other_tree), &other),
        };
        let page = parsed(&written(text, Some(compared(&report))));
        check_links(&page);
        for (id, word) in *expected {
            let wanted = Some((*word).to_owned()).filter(|word| !word.is_empty());
            assert_eq!(mark(&page, id), wanted, "{case}: #{id}");
        }
        let list = &page.ids["page.changes"];
        for change in &report.changes {
            assert!(list.contains(change.rule), "{case}: {list}");
            assert!(list.contains(change.severity.word()), "{case}: {list}");
        }
    }
}

/// For a sample of the known edits, reversed, the page is valid and lists all
/// changes.
#[test]
fn a_spread_of_edits_gives_sound_pages() {
    let document = real();
    let now = spec_tools::diff::read(&document).unwrap();
    let api = codegen::api(&document).unwrap();
    for case in table("ours.csv").iter().step_by(3) {
        let before = spec_tools::diff::read(&case.apply(&document).unwrap()).unwrap();
        let report = compare(&before, &now);
        let page = parsed(&page(&api, &sealed(&api), Some(compared(&report))).unwrap());
        check_links(&page);
        let listed = page.ids.keys().filter(|id| id.starts_with("change."));
        assert_eq!(listed.count(), report.changes.len(), "{}", case.name());
        let marked: BTreeSet<_> = page.marked.keys().collect();
        // Items that are not or no longer on the page can only be listed.
        let elsewhere = ["version-changed", "openapi-changed", "operation-removed"];
        let mut changes = report.changes.iter();
        let unseen = changes.all(|change| elsewhere.contains(&change.rule));
        assert!(unseen || !marked.is_empty(), "{} is marked", case.name());
    }
}

/// The minimal document also has a valid page.
#[test]
fn a_document_may_leave_out_what_it_need_not_have() {
    let page = parsed(&written(&read("../documents/accepted.yaml"), None));
    check_links(&page);
    assert!(page.ids.contains_key("page.introduction"));
}

#[test]
fn a_document_that_is_the_same_says_so() {
    let document = real();
    let tree = spec_tools::diff::read(&document).unwrap();
    let report = compare(&tree, &tree);
    let page = parsed(&written(&document, Some(compared(&report))));
    assert!(page.ids["page.changes"].contains("nothing changed"));
    assert!(page.marked.is_empty());
}
