//! Random calls and faults.

use codegen::model::{Operation, Outcome};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use skypay_types::Effect;

use super::{Answer, Case, Clear, Content, Delivery, Request, Step};
use crate::properties::encodings::Choices;
use crate::properties::limits;
use crate::properties::made_up::{Range, codes_of, objects};
use test_support::document;
use test_support::loopback::sealed;
use test_support::operations::ALL;

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let operation = 0..ALL.len();
    let reading: Vec<_> = (0..ALL.len())
        .filter(|index| ALL[*index].info.effect == Effect::Reads)
        .collect();
    operation.prop_flat_map(move |index| {
        let described = document::operation(ALL[index].info.name);
        let before = prop_oneof![select(reading.clone()), 0..ALL.len()];
        (
            requests(described),
            proptest::collection::vec(before, 0..3),
            proptest::collection::vec(steps(described), 1..5),
        )
            .prop_map(move |(request, before, steps)| Case {
                operation: index,
                request,
                before,
                steps,
            })
    })
}

fn requests(operation: &'static Operation) -> BoxedStrategy<Request> {
    let valid = || objects(&operation.request, Range::Fitting);
    let sent = prop_oneof![
        9 => valid().prop_map(Request::Valid),
        1 => valid().prop_map(Request::ToClosedPort),
    ];
    match limits::broken(&operation.request) {
        Some(broken) => prop_oneof![9 => sent, 1 => broken.prop_map(Request::Broken)].boxed(),
        None => sent.boxed(),
    }
}

fn steps(operation: &'static Operation) -> BoxedStrategy<Step> {
    prop_oneof![
        1 => Just(Step::CutAtOnce),
        1 => Just(Step::CutBeforeReading),
        2 => (1_usize..150).prop_map(Step::CutWhileReading),
        2 => Just(Step::CutAfterReading),
        1 => Just(Step::Silence),
        8 => answers(operation).prop_map(Step::Answer),
        1 => answers(operation).prop_map(Step::AnswerUnasked),
    ]
    .boxed()
}

fn answers(operation: &'static Operation) -> impl Strategy<Value = Answer> {
    let status = prop_oneof![
        6 => Just(200),
        1 => select(vec![301, 302, 303, 307, 308]),
        1 => select(vec![201, 202, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504]),
    ];
    let plaintext = || clears(operation);
    let content = prop_oneof![
        6 => plaintext().prop_map(Content::Sealed),
        1 => plaintext().prop_map(Content::SealedByAnother),
        2 => plaintext().prop_map(Content::InClear),
        1 => "[ -~]{0,60}".prop_map(Content::Other),
        1 => (plaintext(), any::<Index>()).prop_map(|(plaintext, at)| {
            let body = sealed(&plaintext.text());
            Content::Other(body[..at.index(body.len())].to_owned())
        }),
    ];
    let delivery = prop_oneof![
        3 => Just(Delivery::Whole),
        2 => Just(Delivery::Kept),
        1 => Just(Delivery::Twice),
        1 => Just(Delivery::Chunked),
        1 => Just(Delivery::UntilClose),
        1 => (1_usize..60).prop_map(Delivery::InPieces),
        1 => select(vec![100, 102, 103]).prop_map(Delivery::Announced),
        1 => any::<Index>().prop_map(Delivery::Cut),
        1 => any::<Index>().prop_map(Delivery::CutChunked),
    ];
    (status, content, delivery).prop_map(|(status, content, delivery)| Answer {
        status,
        content,
        delivery,
    })
}

fn clears(operation: &'static Operation) -> impl Strategy<Value = Clear> {
    let listed = operation.codes.iter().map(|listed| listed.code.clone());
    let listed: Vec<_> = listed.chain(partner_codes(operation)).collect();
    let accepted = operation.codes.iter();
    let accepted = accepted.filter(|listed| listed.outcome == Outcome::Accepted);
    let accepted: Vec<_> = accepted.map(|listed| listed.code.clone()).collect();
    let code = prop_oneof![
        3 => select(accepted).prop_map(Some),
        6 => select(listed).prop_map(Some),
        1 => select(all_codes()).prop_map(Some),
        1 => "-?[0-9]{1,6}".prop_map(Some),
        1 => "\\S{1,12}".prop_map(Some),
        1 => Just(None),
    ];
    (
        objects(&operation.response, Range::Received),
        code,
        any::<bool>(),
        prop_oneof![9 => Just(false), 1 => Just(true)],
        Choices::some(),
    )
        .prop_map(|(answer, code, data, twice, choices)| Clear {
            answer,
            // Without a code there is no duplicate.
            twice: twice && code.is_some(),
            code,
            data,
            choices,
        })
}

/// Returns the codes of every table, of return codes and others.
fn all_codes() -> Vec<String> {
    let tables = document::api().code_tables.iter();
    tables.flat_map(|table| codes_of(&table.name)).collect()
}

/// Returns the bounds of the range of partner codes, the values next to them, and
/// texts that do not encode a number in it.
fn partner_codes(operation: &Operation) -> Vec<String> {
    let ranges = operation.partner_codes.into_iter();
    let numbers = ranges.flat_map(|(from, to)| [from - 1, from, to, to + 1]);
    let encoded = numbers.flat_map(|number| {
        [
            format!("{number}"),
            format!("0{number}"),
            format!("+{number}"),
            format!("-{number}"),
            format!("{number}.5"),
        ]
    });
    encoded.collect()
}
