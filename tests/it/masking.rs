//! Personal data is marked. That messages, builders, errors and logs do not show
//! any is tested by `tests/leaks`.

use std::collections::BTreeSet;

use codegen::model::Message as Model;
use test_support::document::{self, api, is_personal, row_of};
use test_support::operations::ALL;

#[test]
fn what_is_personal_is_marked_in_the_document() {
    let personal = [
        "name",
        "payerName",
        "phone",
        "payerPhone",
        "birthday",
        "birthPlace",
        "location",
        "senderAddress",
        "payerAddress",
        "identificationId",
        "idcardPicUrl",
        "accountNo",
        "sourceAccountNo",
        "beneficiaryAccountNo",
    ];
    let operations = api().operations.iter();
    let messages = operations.flat_map(|operation| [&operation.request, &operation.response]);
    let all = messages.chain(&api().objects);
    let mut found = 0;
    for field in all.flat_map(|message| &message.fields) {
        if personal.contains(&field.wire.as_str()) {
            assert!(is_personal(field), "{} is personal", field.wire);
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}

/// Collects the personal fields of a message and of its nested objects.
fn personal_of(message: &Model, names: &mut BTreeSet<String>) {
    for field in &message.fields {
        if is_personal(field) {
            names.insert(field.wire.clone());
        }
        if let Some(row) = row_of(field) {
            personal_of(row, names);
        }
    }
}

#[test]
fn operations_name_what_is_personal_in_their_messages() {
    for operation in ALL {
        let described = document::operation(operation.info.name);
        let mut names = BTreeSet::new();
        personal_of(&described.request, &mut names);
        personal_of(&described.response, &mut names);
        assert!(
            names.iter().eq(operation.info.personal_data),
            "{}",
            operation.info.name
        );
        assert_eq!(operation.info.summary, described.summary);
    }
}
