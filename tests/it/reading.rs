//! What is tolerated when a message is read, and what is not.
//!
//! Every example of the document is respelled in every way that the reading
//! policy tolerates, field by field; it must be read as the example itself. The
//! tables below are what senders are known to have written.

use std::collections::BTreeSet;

use codegen::model::{Field, Message, Type};
use serde_json::{Map, Value, json};
use skypay_types::{PayoutQueryStatusResponse, PayoutStatus, Received};

use crate::document::{self, row_of};
use crate::operations::{ALL, Dynamic, named};

/// Which of the two messages of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Request,
    Response,
}

use Part::{Request, Response};

/// A message that the document shows, with the model and the type of it.
struct Example {
    part: Part,
    operation: &'static Dynamic,
    message: &'static Message,
    value: Value,
}

impl Example {
    /// Every request of the document, and every response that its type holds
    /// whole, which a refusal is not.
    fn all() -> Vec<Self> {
        let mut examples = Vec::new();
        for operation in ALL {
            let described = document::operation(operation.info.name);
            examples.extend(described.request_examples.iter().map(|example| Self {
                part: Request,
                operation,
                message: &described.request,
                value: example.value.clone(),
            }));
            let accepted = described.response_examples.iter().filter(|example| {
                let code = &example.value["responseCode"];
                code.is_null() || *code == operation.info.accepted_code()
            });
            examples.extend(accepted.map(|example| Self {
                part: Response,
                operation,
                message: &described.response,
                value: example.value.clone(),
            }));
        }
        examples
    }

    fn read(&self, value: &Value) -> String {
        read(self.operation, self.part, &value.to_string())
    }
}

/// What a text is read as, written again.
fn read(operation: &Dynamic, part: Part, text: &str) -> String {
    let message = match part {
        Request => &operation.request,
        Response => &operation.response,
    };
    message.shown(text).json
}

/// The same message with every member as `respell` makes it: none, one, or
/// under another name.
fn respelled(
    message: &Message,
    value: &Value,
    respell: &mut impl FnMut(Option<&Field>, &str, Value) -> Vec<(String, Value)>,
) -> Value {
    let mut members = Map::new();
    for (name, value) in value.as_object().unwrap() {
        let field = message.fields.iter().find(|field| field.wire == *name);
        let value = match (field.and_then(row_of), value) {
            (Some(row), Value::Array(items)) => {
                let items = items.iter().map(|item| respelled(row, item, respell));
                items.collect()
            }
            _ => value.clone(),
        };
        for (name, value) in respell(field, name, value) {
            let twice = members.insert(name, value);
            assert_eq!(twice, None, "respelling keeps members apart");
        }
    }
    Value::Object(members)
}

/// Respells the scalars of the fields that `wanted` picks, those in lists
/// included. Whatever `respell` makes of one, the message must be read as
/// before; gives how many scalars were respelled.
fn check_scalars(
    wanted: impl Fn(&Type) -> bool,
    respell: impl Fn(&Type, &Value) -> Option<Value>,
) -> usize {
    let mut respelled_scalars = 0;
    for example in Example::all() {
        let mut scalar = |ty: &Type, value: &Value| {
            let other = wanted(ty).then(|| respell(ty, value)).flatten();
            respelled_scalars += usize::from(other.is_some());
            other.unwrap_or_else(|| value.clone())
        };
        let other = respelled(
            example.message,
            &example.value,
            &mut |field, name, value| {
                let value = match (field.map(|field| &field.ty), &value) {
                    (Some(Type::Row(_)) | None, _) => value,
                    (Some(Type::List(ty)), _) if matches!(**ty, Type::Row(_)) => value,
                    (Some(Type::List(ty)), Value::Array(items)) => {
                        items.iter().map(|item| scalar(ty, item)).collect()
                    }
                    (Some(ty), _) => scalar(ty, &value),
                };
                vec![(name.to_owned(), value)]
            },
        );
        assert_eq!(
            example.read(&other),
            example.read(&example.value),
            "{other}"
        );
    }
    respelled_scalars
}

/// Respells the names of all members; gives how many were respelled.
fn check_names(respell: impl Fn(&str) -> String) -> usize {
    let mut respelled_names = 0;
    for example in Example::all() {
        let other = respelled(example.message, &example.value, &mut |_, name, value| {
            respelled_names += 1;
            vec![(respell(name), value)]
        });
        assert_eq!(
            example.read(&other),
            example.read(&example.value),
            "{other}"
        );
    }
    respelled_names
}

#[test]
fn a_number_may_come_as_text_and_a_flag_too() {
    let as_text = |_: &Type, value: &Value| match value {
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        _ => None,
    };
    assert!(check_scalars(|_| true, as_text) > 20);
}

#[test]
fn a_text_may_come_as_number() {
    let as_number = |_: &Type, value: &Value| {
        let number: Value = serde_json::from_str(value.as_str()?).ok()?;
        let spelled = number.as_number()?.to_string();
        (spelled == value.as_str()?).then_some(number)
    };
    assert!(check_scalars(|_| true, as_number) > 40);
}

#[test]
fn a_number_or_a_code_may_be_spelled_like_a_floating_point_number() {
    let whole = |ty: &Type, value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let number = matches!(ty, Type::Integer(_) | Type::Codes(_));
        (number && text.parse::<i64>().is_ok()).then_some(text)
    };
    for (suffix, quoted) in [(".0", false), (".00", true), ("E0", false), ("00e-2", true)] {
        let spelled = |ty: &Type, value: &Value| {
            let text = format!("{}{suffix}", whole(ty, value)?);
            if quoted {
                Some(text.into())
            } else {
                serde_json::from_str(&text).ok()
            }
        };
        assert!(check_scalars(|_| true, spelled) > 60, "{suffix}");
    }
}

fn pesos(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

/// The pesos of an amount without centavos.
fn whole(value: &Value) -> Option<f64> {
    Some(pesos(value)).filter(|pesos| pesos.fract() == 0.0)
}

#[test]
fn an_amount_may_be_spelled_in_any_clear_way_as_text_or_number() {
    type Respelling = fn(&Value) -> Option<Value>;
    let respellings: [Respelling; 9] = [
        |value| Some(format!("{:e}", pesos(value)).into()),
        |value| Some(format!("{:.2}E-2", pesos(value) * 100.0).into()),
        |value| Some(format!("{:.2}0000000004", pesos(value)).into()),
        |value| {
            let text = format!("{:.2}", pesos(value));
            let at = text.len().checked_sub(6).filter(|at| *at > 0 && *at < 4)?;
            Some(format!("{},{}", &text[..at], &text[at..]).into())
        },
        |value| Some(format!("{:.0}", whole(value)?).into()),
        |value| Some(format!("{:.1}", whole(value)?).into()),
        |value| Some(format!(" {:.2} ", pesos(value)).into()),
        |value| Some(format!("{:.4}", pesos(value)).into()),
        |value| serde_json::from_str(&format!("{:.0}", whole(value)?)).ok(),
    ];
    let amount = |ty: &Type| *ty == Type::Amount;
    for respelling in respellings {
        assert!(check_scalars(amount, |_, value| respelling(value)) > 5);
    }
}

#[test]
fn a_time_may_have_up_to_nine_decimals_and_blanks_around_it() {
    let plain_time = |ty: &Type| matches!(ty, Type::DateTime | Type::Date);
    let with = |fraction: &'static str| {
        move |ty: &Type, value: &Value| {
            let text = value.as_str()?;
            let plain = *ty == Type::DateTime && text.len() == "2024-02-05 10:15:30".len();
            plain.then(|| format!(" {text}{fraction} ").into())
        }
    };
    // What is not written with decimals does not keep them.
    for fraction in ["", ".0", ".00", ".000", ".0000", ".000000000", ".521100000"] {
        assert!(check_scalars(plain_time, with(fraction)) > 10, "{fraction}");
    }
    let blank = |_: &Type, value: &Value| Some(format!(" {} ", value.as_str()?).into());
    assert!(check_scalars(plain_time, blank) > 10);
    for offset in ["+08:00", "+0800", " +08"] {
        assert!(check_scalars(plain_time, with(offset)) > 10, "{offset}");
    }
}

#[test]
fn keys_are_known_whatever_their_case_and_wherever_they_have_blanks() {
    let names = check_names(str::to_owned);
    assert!(names > 300, "{names}");
    check_names(str::to_uppercase);
    check_names(str::to_lowercase);
    check_names(|name| format!(" {name} "));
    check_names(|name| {
        let letters: Vec<_> = name.chars().map(String::from).collect();
        letters.join(" ")
    });
}

#[test]
fn every_alias_of_the_document_is_read_and_none_is_written() {
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    for example in Example::all() {
        let rows = example.message.fields.iter().filter_map(row_of);
        let messages = std::iter::once(example.message).chain(rows);
        let fields = messages.flat_map(|message| &message.fields);
        let aliases =
            fields.flat_map(|field| field.aliases.iter().map(move |alias| (field, alias)));
        for (field, alias) in aliases {
            known.insert((&field.wire, alias));
            let other = respelled(
                example.message,
                &example.value,
                &mut |found, name, value| {
                    let here = found.is_some_and(|found| std::ptr::eq(found, field));
                    if here {
                        used.insert((&field.wire, alias));
                    }
                    let name = if here { alias } else { name };
                    vec![(name.to_owned(), value)]
                },
            );
            assert_eq!(
                example.read(&other),
                example.read(&example.value),
                "{other}"
            );
        }
    }
    assert_eq!(used, known);
    assert!(known.len() > 5, "{known:?}");
}

#[test]
fn unknown_fields_are_ignored_wherever_they_are() {
    let mut added = 0;
    for example in Example::all() {
        let mut other = respelled(example.message, &example.value, &mut |_, name, value| {
            added += 1;
            let unknown = json!({"deep": [1, null, {"deeper": "controlNumber"}]});
            vec![
                (name.to_owned(), value),
                (format!("unheardOf{name}"), unknown),
            ]
        });
        other["expiryDate"] = "2024-05-01".into();
        assert_eq!(example.read(&other), example.read(&example.value));
    }
    assert!(added > 300);
}

#[test]
fn an_optional_field_may_be_missing_empty_or_null() {
    let mut fields = 0;
    for example in Example::all() {
        let with = |value: Option<Value>| {
            let mut emptied = 0;
            let other = respelled(example.message, &example.value, &mut |field, name, old| {
                if field.is_none_or(|field| field.required) {
                    return vec![(name.to_owned(), old)];
                }
                emptied += 1;
                let members = value.iter().map(|value| (name.to_owned(), value.clone()));
                members.collect()
            });
            (example.read(&other), emptied)
        };
        let (missing, emptied) = with(None);
        assert_eq!(with(Some("".into())).0, missing);
        assert_eq!(with(Some(Value::Null)).0, missing);
        fields += emptied;
    }
    assert!(fields > 40, "{fields}");
}

#[test]
fn an_unknown_code_is_kept_and_written_again() {
    let mut codes = 0;
    for example in Example::all() {
        let other = respelled(
            example.message,
            &example.value,
            &mut |field, name, value| {
                let value = match field.map(|field| &field.ty) {
                    Some(Type::Codes(_)) => "77 sevens".into(),
                    Some(Type::List(ty)) if matches!(**ty, Type::Codes(_)) => json!(["77 sevens"]),
                    _ => return vec![(name.to_owned(), value)],
                };
                codes += 1;
                vec![(name.to_owned(), value)]
            },
        );
        let expected = other.to_string().matches("77 sevens").count();
        let read = example.read(&other);
        assert_eq!(read.matches(r#""77 sevens""#).count(), expected, "{read}");
    }
    assert!(codes > 40, "{codes}");
}

#[test]
fn no_length_is_too_long_to_be_read() {
    let long = "9".repeat(10_000);
    for example in Example::all() {
        let other = respelled(
            example.message,
            &example.value,
            &mut |field, name, value| {
                let text = matches!(
                    field.map(|field| &field.ty),
                    Some(Type::Text | Type::Newtype(_) | Type::PersonName)
                );
                let value = if text { long.as_str().into() } else { value };
                vec![(name.to_owned(), value)]
            },
        );
        let expected = other.to_string().matches(&long).count();
        assert_eq!(example.read(&other).matches(&long).count(), expected);
    }
}

/// What is known to have been sent, and what it is read as.
fn check(operation: &str, part: Part, received: &str, expected: &str) {
    let read = read(named(operation), part, received);
    assert_eq!(read, expected, "{operation}: {received}");
}

#[test]
fn callbacks_are_read_as_old_and_new_senders_write_them() {
    check(
        "payoutQueuePayout",
        Request,
        // The class of 2018 has no action; integers came as numbers.
        r#"{"userName":"u","authentication":"a","controlNumber":"SK99123456789","payType":1,"dealTime":"2018-08-07 11:58:33.000","failDescription":"","referenceNumber":null}"#,
        r#"{"controlNumber":"SK99123456789","payType":"1","dealTime":"2018-08-07 11:58:33"}"#,
    );
    check(
        "payoutQueuePayout",
        Request,
        r#"{"controlNumber":"SK99123456789","payType":"9","dealTime":"2018-08-07 11:58:33"}"#,
        r#"{"controlNumber":"SK99123456789","payType":"9","dealTime":"2018-08-07 11:58:33"}"#,
    );
    check(
        "payoutInquiry",
        Request,
        r#"{"userName":"u","action":"payoutInquiry","authentication":"a","Control Number":"SKY0XXXXXXXXXX"}"#,
        r#"{"controlNumber":"SKY0XXXXXXXXXX"}"#,
    );
    check(
        "payoutPayout",
        Request,
        r#"{"controlnumber":"SKY0XXXXXXXXXX","withdrawChannel":12,"payTime":"2019-02-18 14:59:33"}"#,
        r#"{"controlNumber":"SKY0XXXXXXXXXX","withdrawChannel":"12","payTime":"2019-02-18 14:59:33"}"#,
    );
    check(
        "collectionInquiry",
        Request,
        r#"{"controlNumber":"SKY0XXXXXXXXXX","amount":3900,"phone":6392210083333}"#,
        r#"{"contractNumber":"SKY0XXXXXXXXXX","amount":"3900.00","phone":"6392210083333"}"#,
    );
    check(
        "collectionCollect",
        Request,
        r#"{"controlNumber":"SKY0XXXXXXXXXX","amount":"3900.5","phone":"09123456789","receiptNumber":"B6C13B76E4BF|Makati","collectedTime":"2018-06-18 17:52:10.5211","payChannel":10}"#,
        r#"{"contractNumber":"SKY0XXXXXXXXXX","amount":"3900.50","phone":"09123456789","receiptNumber":"B6C13B76E4BF|Makati","collectedTime":"2018-06-18 17:52:10","payChannel":"10"}"#,
    );
    check(
        "financeNotification",
        Request,
        r#"{"transactionDate":"2023-06-18 17:52:10","companyPrefix":"SKY98","companyName":"SKYPAY","accountNo":"091234567899","sourceAccountNo":"","beneficiaryAccountNo":"","statementType":3,"signType":"Recharge","amount":"1200000","currency":"PHP","referenceNumber":"D-20231204-001"}"#,
        r#"{"transctionDate":"2023-06-18 17:52:10","companyPrefix":"SKY98","companyName":"SKYPAY","accountNo":"091234567899","statementType":"3","signType":"Recharge","amount":1200000.00,"currency":"PHP","referenceNumber":"D-20231204-001"}"#,
    );
}

#[test]
fn answers_are_read_in_every_form_that_the_vendor_has_printed() {
    check(
        "payoutInquiry",
        Response,
        r#"{"responseTime":"2018-06-18 17:52:10.521","responseCode":1000,"responseDescription":"","sender  address":"x","sender":"s","controlNumber":"SKYXXXXXXXXXX","name":"Last name","birthday":"1945-01-01","identificationId":123,"idType":"SSS","phone":"6392210083333","amount":3900,"idcardPicType":"png","idcardPicUrl":"u","location":"l"}"#,
        r#"{"responseTime":"2018-06-18 17:52:10.5210","responseCode":"1000","sender":"s","controlNumber":"SKYXXXXXXXXXX","senderAddress":"x","name":"Last name","birthday":"1945-01-01","identificationId":"123","idType":"SSS","phone":"6392210083333","amount":"3900.00","idcardPicType":"png","idcardPicUrl":"u","location":"l"}"#,
    );
    check(
        "payoutQueryStatus",
        Response,
        r#"{"responseCode":"1000","controlNumbers":["SK0XXXXXXXXXX",{"controlNumber":"SK0XXXXXXXXXX","status":3,"statusDesc":"Canceled","cancelTime":""}]}"#,
        r#"{"responseCode":"1000","controlNumbers":[{"controlNumber":"SK0XXXXXXXXXX"},{"controlNumber":"SK0XXXXXXXXXX","status":"3","statusDesc":"Canceled"}]}"#,
    );
    check(
        "getReportPayout",
        Response,
        r#"{"totalTransaction":"1","lastPage":"true","result":[{"createDate":"2022-11-02 11:55:35","payTime":"","controlNo":"SK98162998034","amount":"1300.0","phone":"09XXXXXXXXX","receiptNo":9006565379735}]}"#,
        r#"{"totalTransaction":1,"lastPage":true,"result":[{"createDate":"2022-11-02 11:55:35","controlNo":"SK98162998034","amount":1300.00,"phone":"09XXXXXXXXX","referenceNo":"9006565379735"}]}"#,
    );
    check(
        "getReportCollection",
        Response,
        r#"{"totalTransaction":1,"lastPage":false,"result":[{"createDate":"2022-11-02 11:55:35","collectionTime":"2022-11-02 11:55:49","contractNo":"SK98162998034","amount":1300.0,"phone":"09XXXXXXXXX","receiptNo":"SKP4992200182","status":"Confirmed"}]}"#,
        r#"{"totalTransaction":1,"lastPage":false,"result":[{"createDate":"2022-11-02 11:55:35","payTime":"2022-11-02 11:55:49","controlNo":"SK98162998034","amount":1300.00,"phone":"09XXXXXXXXX","referenceNo":"SKP4992200182","status":"Confirmed"}]}"#,
    );
    check(
        "getBankCode",
        Response,
        r#"{"responseCode":"1000","result":[{"getBankCode":1,"BankName":"sample string"},{"bankcode":"SEC","BANKNAME":"x"}]}"#,
        r#"{"responseCode":"1000","result":[{"BankCode":"1","BankName":"sample string"},{"BankCode":"SEC","BankName":"x"}]}"#,
    );
    check(
        "getTownCity",
        Response,
        r#"{"responseCode":"1000","result":[{"TownCityId":"1","TownCity":"Sallapadan","ProvinceId":"1"}]}"#,
        r#"{"responseCode":"1000","result":[{"TownCityId":1,"TownCity":"Sallapadan","ProvinceId":1}]}"#,
    );
    check(
        "balanceQuery",
        Response,
        r#"{"responseCode":"1000","balance":"726718"}"#,
        r#"{"responseCode":"1000","balance":726718.00}"#,
    );
}

#[test]
fn what_could_mean_two_things_is_not_read() {
    for (operation, part, received) in [
        (
            "payoutInquiry",
            Request,
            r#"{"controlNumber":"1","controlNumber":"1"}"#,
        ),
        (
            "payoutInquiry",
            Request,
            r#"{"controlNumber":"1","Control Number":"2"}"#,
        ),
        (
            "collectionInquiry",
            Request,
            r#"{"contractNumber":"1","controlNumber":"2","amount":1,"phone":"1"}"#,
        ),
        ("payoutInquiry", Request, "{}"),
        ("payoutInquiry", Request, r#"{"controlNumber":null}"#),
        ("payoutInquiry", Request, r#"{"controlNumber":["1"]}"#),
        (
            "payoutInquiry",
            Request,
            r#"{"controlNumber":{"controlNumber":"1"}}"#,
        ),
        ("payoutInquiry", Request, r#"{"controlNumber":"1"} {}"#),
        ("payoutInquiry", Request, r#"{"controlNumber":"1",}"#),
        (
            "payoutInquiry",
            Request,
            r#"{"controlNumber":"1" /* one */}"#,
        ),
        ("payoutInquiry", Request, r#"["controlNumber","1"]"#),
        ("payoutInquiry", Request, ""),
        ("balanceQuery", Response, r#"{"balance":"726718.005"}"#),
        ("balanceQuery", Response, r#"{"balance":"much"}"#),
        ("balanceQuery", Response, r#"{"balance":""}"#),
        ("balanceQuery", Response, r#"{"balance":0.305}"#),
        ("balanceQuery", Response, r#"{"balance":"3,9"}"#),
        (
            "balanceQuery",
            Response,
            r#"{"responseCode":["1000"],"balance":1}"#,
        ),
        (
            "getReportPayout",
            Response,
            r#"{"totalTransaction":1,"lastPage":true,"result":{}}"#,
        ),
        (
            "financeNotification",
            Request,
            r#"{"accountNo":"SKY98","statementType":"1","signType":"recharge","amount":"-","referenceNumber":"R1"}"#,
        ),
        (
            "payoutQueuePayout",
            Request,
            r#"{"controlNumber":"SKY9800000101","payType":null,"dealTime":"2024-02-05 10:15:30"}"#,
        ),
    ] {
        let operation = named(operation);
        let message = match part {
            Request => &operation.request,
            Response => &operation.response,
        };
        let result = (message.read)(received.as_bytes());
        assert!(result.is_err(), "{} is read from {received}", message.name);
    }
}

/// Values that are no value of a field: those that senders are known to write,
/// and JSON of another kind.
fn odd_values(ty: &Type) -> Vec<Value> {
    let mut odd = vec![
        json!([]),
        json!(["2024-02-05 10:15:30"]),
        json!({"amount": null}),
    ];
    if !matches!(
        ty,
        Type::Text | Type::Newtype(_) | Type::PersonName | Type::Codes(_)
    ) {
        odd.extend(["0000-00-00 00:00:00", "-", "null", "N/A", "0.1.2"].map(Value::from));
    }
    odd
}

/// The example as it is written, with another value of one field, which is
/// named by its path: `result[1].payTime`.
fn with_odd(
    example: &Example,
    wanted: &Field,
    odd: &Value,
    index: usize,
) -> Option<(Value, String)> {
    let mut value: Value = serde_json::from_str(&example.read(&example.value)).unwrap();
    for field in &example.message.fields {
        if std::ptr::eq(field, wanted) {
            value[&field.wire] = odd.clone();
            return Some((value, field.wire.clone()));
        }
        if row_of(field).is_some_and(|row| row.fields.iter().any(|one| std::ptr::eq(one, wanted))) {
            let row = value[&field.wire].as_array_mut()?.get_mut(index)?;
            row[&wanted.wire] = odd.clone();
            return Some((value, format!("{}[{index}].{}", field.wire, wanted.wire)));
        }
    }
    None
}

fn fields_of(message: &'static Message) -> impl Iterator<Item = &'static Field> {
    let rows = message.fields.iter().filter_map(row_of);
    rows.flat_map(|row| &row.fields).chain(&message.fields)
}

/// Both as values, since an odd value stands at its place in the message.
fn same(left: &str, right: &Value) -> bool {
    serde_json::from_str::<Value>(left).unwrap() == *right
}

#[test]
fn an_odd_value_costs_its_own_field_and_nothing_else() {
    let mut tried = BTreeSet::new();
    for example in Example::all() {
        for field in fields_of(example.message).filter(|field| field.received) {
            if matches!(field.ty, Type::List(_)) {
                continue;
            }
            for odd in odd_values(&field.ty) {
                let Some((value, path)) = with_odd(&example, field, &odd, 0) else {
                    continue;
                };
                let message = match example.part {
                    Request => &example.operation.request,
                    Response => &example.operation.response,
                };
                let shown = message.shown(&value.to_string());
                assert!(
                    same(&shown.json, &value),
                    "{} is read from {value}",
                    shown.json
                );
                assert_eq!(shown.wrong_fields, std::slice::from_ref(&path), "{value}");
                tried.insert((example.operation.info.name, path));
            }
        }
    }
    for (operation, path) in [
        ("payoutQueryStatus", "controlNumbers[0].payTime"),
        ("payoutQueryStatus", "controlNumbers[0].status"),
        ("getReportPayout", "result[0].createDate"),
        ("getReportCollection", "lastPage"),
        ("notificationInquiry", "notifications[0].sourceAccountNo"),
        ("payoutQueuePayout", "dealTime"),
        ("financeNotification", "transctionDate"),
        ("payoutInquiry", "responseTime"),
        ("balanceQuery", "responseDescription"),
    ] {
        assert!(
            tried.contains(&(operation, path.to_owned())),
            "{operation} {path}"
        );
    }
    assert!(tried.len() > 60, "{}", tried.len());
}

#[test]
fn an_entry_without_what_it_is_about_stays_at_its_place_as_unreadable() {
    let mut tried = 0;
    for example in Example::all()
        .into_iter()
        .filter(|example| example.part == Response)
    {
        for field in fields_of(example.message).filter(|field| field.required) {
            for odd in [Value::Null, json!([]), json!({})] {
                let Some((value, path)) = with_odd(&example, field, &odd, 1) else {
                    continue;
                };
                if !path.contains('[') {
                    continue;
                }
                let shown = example.operation.response.shown(&value.to_string());
                assert!(
                    same(&shown.json, &value),
                    "{} is read from {value}",
                    shown.json
                );
                assert_eq!(shown.wrong_fields, [path], "{value}");
                tried += 1;
            }
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn the_statuses_around_an_odd_one_are_known() {
    let answer = br#"{"responseTime":"2018-06-18 17:52:10.5211","responseCode":"1000","responseDescription":"Success","controlNumbers":[
        {"controlNumber":"SKY9800000101","status":"1","payTime":"2024-02-05 10:21:09","cancelTime":""},
        {"controlNumber":"SKY9800000102","status":2.0,"payTime":"0000-00-00 00:00:00","cancelTime":"-"},
        {"controlNumber":null,"status":"4"},
        {"controlNumber":"SKY9800000104","status":["4"]}
    ]}"#;
    let answer: PayoutQueryStatusResponse = skypay_types::read::from_slice(answer).unwrap();
    let (known, unreadable) = answer.control_numbers.into_parts();
    let statuses: Vec<_> = known.iter().map(|entry| entry.status.as_result()).collect();
    assert_eq!(statuses[0], Ok(Some(&PayoutStatus::Completed)));
    assert_eq!(statuses[1], Ok(Some(&PayoutStatus::Uploaded)));
    assert!(statuses[2].is_err());
    assert!(known[0].cancel_time.is_absent());
    assert!(matches!(known[1].pay_time, Received::Unreadable(_)));
    assert!(matches!(known[1].cancel_time, Received::Unreadable(_)));
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].index(), 2);
}

/// The vendor's own samples, and what else its pages print as a message: none
/// of it is lost. What the document forbids to send is named by its field.
#[test]
fn every_message_that_the_vendor_prints_is_read() {
    let (mut messages, mut differences) = (0, Vec::new());
    for line in include_str!("../printed.jsonl").lines() {
        let printed: Value = serde_json::from_str(line).unwrap();
        let operation = named(printed["operation"].as_str().unwrap());
        let message = match printed["part"].as_str() {
            Some("request") => &operation.request,
            _ => &operation.response,
        };
        let shown = message.shown(&printed["message"].to_string());
        let wrong: BTreeSet<_> = shown.wrong_fields.iter().map(String::as_str).collect();
        let expected = printed["wrong"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let expected: BTreeSet<_> = expected.iter().filter_map(Value::as_str).collect();
        if wrong != expected {
            differences.push(format!("{wrong:?} {line}"));
        }
        messages += 1;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(messages > 50, "{messages}");
}
