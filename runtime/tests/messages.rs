//! Constraints and builders, as far as `tests/sample.rs` does not cover them.

use std::ops::Bound;

use proptest::prelude::*;
use skypay_runtime::{Amount, MessageKey, PersonName, Response, Sensitive, Validate, read};

skypay_runtime::open_enum! {
    /// A size.
    pub enum Size {
        /// A letter.
        Small = "1",
        /// A parcel.
        Large = "2",
    }
}

skypay_runtime::message! {
    /// An object with a constraint of each kind.
    pub struct Probe, ProbeBuilder {
        /// A text.
        text "text": optional String { text(2..=3) };
        /// A text with a pattern.
        code "code": optional String { text(1..3, "^[0-9]+$") };
        /// A pattern that cannot be compiled.
        broken "broken": optional String { text(.., "(") };
        /// A name.
        name "name": optional PersonName { text(..=11) };
        /// An amount.
        amount "amount": optional Amount { range(Amount::from_centavos(1)..=Amount::from_centavos(500_000)) };
        /// A number below three.
        below "below": optional u32 { range(0..3) };
        /// A number above zero.
        above "above": optional i64 { range((Bound::Excluded(0), Bound::Unbounded)) };
        /// One of one.
        one "one": optional String { one_of("1") };
        /// One of three.
        three "three": optional Sensitive { one_of("1", "2", "3") };
        /// An object.
        only "only": optional Child;
        /// Objects.
        children "children": optional_list Child [..=2];
        /// Codes.
        sizes "sizes": optional_list Size [2..] { listed };
    }
    rules {
        "text-is-there" requires ["text"], reason "everything begins with it";
    }
}

skypay_runtime::message! {
    /// An object in another.
    pub struct Child, ChildBuilder {
        /// Its names.
        names "names": list String { text(1..) };
    }
}

skypay_runtime::response!(Child: String {});

/// Builds a message with a text, and checks the violations of all other fields.
fn check(fill: impl FnOnce(ProbeBuilder) -> ProbeBuilder, expected: &[&str]) {
    let built = fill(Probe::builder().text("ab")).build();
    let found = built.map_or_else(|invalid| invalid.to_string(), |_| String::new());
    assert_eq!(found, expected.join("\n"));
}

#[test]
fn a_violation_names_the_field_and_the_constraint() {
    check(
        |it| {
            it.text("\u{f1}\u{4e00}\u{1f600}")
                .code("12")
                .name(PersonName::new("Reyes", "Maria"))
        },
        &[],
    );
    check(
        |it| it.text("\u{f1}"),
        &["text: must have at least 2 characters, not 1"],
    );
    check(
        |it| it.text("abcd"),
        &["text: must have at most 3 characters, not 4"],
    );
    check(
        |it| it.code(""),
        &["code: must not be empty", "code: must match ^[0-9]+$"],
    );
    check(|it| it.code("1\n"), &["code: must match ^[0-9]+$"]);
    check(|it| it.code("\u{661}"), &["code: must match ^[0-9]+$"]);
    check(
        |it| it.code("123"),
        &["code: must have less than 3 characters, not 3"],
    );
    check(|it| it.broken("("), &["broken: must match ("]);
    check(
        |it| it.name(PersonName::new("Reyes", "Mariana")),
        &["name: must have at most 11 characters, not 13"],
    );
    check(
        |it| it.name(PersonName::new("Reyes", "")),
        &[
            "name: expected a last and a first name, separated by a comma, then perhaps a middle name and a suffix",
        ],
    );
    check(|it| it.amount("0.01").below(2_u32).above(1), &[]);
    check(|it| it.amount("5000"), &[]);
    check(|it| it.amount("-1"), &["amount: must be at least 0.01"]);
    check(
        |it| it.amount("5000.01"),
        &["amount: must be at most 5000.00"],
    );
    check(
        |it| it.below(3_u32).above(0),
        &["below: must be less than 3", "above: must be more than 0"],
    );
    check(|it| it.one("1").three("3"), &[]);
    check(
        |it| it.one("9").three("9"),
        &["one: must be 1", "three: must be 1, 2 or 3"],
    );
    check(
        |it| it.sizes([Size::Small]),
        &["sizes: must be at least 2 items, not 1"],
    );
    check(
        |it| it.sizes(["1", "9"]),
        &["sizes[1]: must be a code that the document lists"],
    );
}

#[test]
fn the_path_leads_to_the_field() {
    let probe: Probe = read::from_slice(
        br#"{"only":{"names":[""]},"children":[{"names":["x"]},{"names":["x",""]},{"names":[]}]}"#,
    )
    .unwrap();
    let invalid = probe.validate().unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "only.names[0]: must not be empty\n\
         children: must be at most 2 items, not 3\n\
         children[1].names[1]: must not be empty\n\
         text: is required: everything begins with it"
    );
    assert_eq!(invalid.violations()[2].field, "children[1].names[1]");
}

/// Its conversion fails with an error of another crate.
struct Foreign;

impl TryFrom<Foreign> for Amount {
    type Error = String;

    fn try_from(_: Foreign) -> Result<Self, String> {
        Err("SECRET is not an amount".to_owned())
    }
}

#[test]
fn a_builder_takes_the_last_value_and_names_what_it_cannot_take() {
    check(|it| it.amount("not an amount").amount("1.00"), &[]);
    check(
        |it| it.amount(Foreign).text(""),
        &["amount: cannot be turned into the type of the field"],
    );
    check(
        |it| it.amount("SECRET"),
        &["amount: expected an amount with at most two decimals"],
    );
    let shown = format!("{:?}", Probe::builder().amount("SECRET"));
    assert!(shown.contains("amount: Some(Err("), "{shown}");
    assert!(!shown.contains("SECRET"), "{shown}");
    let invalid = Child::builder().build().unwrap_err();
    assert_eq!(invalid.to_string(), "names: is required");
    let empty: [&str; 0] = [];
    let child = Child::builder().names(empty).build().unwrap();
    let header = (
        child.response_time(),
        child.response_code(),
        child.response_description(),
    );
    assert_eq!(header, (None, None, None), "it has no such field");
    assert_eq!(serde_json::to_string(&child).unwrap(), r#"{"names":[]}"#);
}

#[test]
fn only_the_same_fields_give_the_same_key() {
    let key = |fields: &[&str]| {
        let fields: Vec<_> = fields.iter().map(|field| Some((*field).into())).collect();
        MessageKey::of(&fields).unwrap()
    };
    assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
    for other in [
        &["b", "a"][..],
        &["a"],
        &["ab"],
        &["a,b"],
        &["a\",\"b"],
        &["a", "b", ""],
    ] {
        assert_ne!(key(&["a", "b"]), key(other), "{other:?}");
    }
    assert_eq!(
        format!("{:?}", key(&["001234567899"])),
        "MessageKey([masked])"
    );
}

proptest! {
    #[test]
    fn a_refused_value_is_named_and_not_shown(
        amount in "[0-9]{1,6}x[0-9]{1,6}", text in proptest::option::of(".{0,9}"),
    ) {
        let mut builder = Probe::builder().amount(amount.as_str());
        if let Some(text) = &text {
            builder = builder.text(text.as_str());
        }
        let shown = format!("{builder:?}");
        let invalid = builder.build().unwrap_err();
        let fields = invalid.violations().iter().map(|violation| violation.field.as_str());
        prop_assert_eq!(fields.collect::<Vec<_>>(), ["amount"]);
        let shown = format!("{shown} {invalid} {invalid:?}");
        prop_assert!(!shown.contains(&amount), "{}", shown);
    }
}
