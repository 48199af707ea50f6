//! What readers tolerate in a message, and what they do not: messages that senders
//! are known to write, and examples of the document with an unreadable value. That
//! any other encoding of any message is read is tested in `properties/messages.rs`.

use std::collections::BTreeSet;

use codegen::model::{Field, Message, Type};
use serde_json::{Value, json};
use skypay_types::{PayoutQueryStatusResponse, PayoutStatus};

use test_support::document::{self, row_of};
use test_support::operations::{ALL, Dynamic, named};

/// One of the two messages of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Request,
    Response,
}

use Part::{Request, Response};

/// An example message of the document, with its model and type.
struct Example {
    part: Part,
    operation: &'static Dynamic,
    message: &'static Message,
    value: Value,
}

impl Example {
    /// Returns every request of the document, and every response that its type
    /// can represent, which excludes refusals.
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

/// Reads a text and writes it again.
fn read(operation: &Dynamic, part: Part, text: &str) -> String {
    let message = match part {
        Request => &operation.request,
        Response => &operation.response,
    };
    message.shown(text).json
}

/// Checks what a known message is read as.
fn check(operation: &str, part: Part, received: &str, expected: &str) {
    let read = read(named(operation), part, received);
    assert_eq!(read, expected, "{operation}: {received}");
}

#[test]
fn callbacks_are_read_as_old_and_new_senders_write_them() {
    check(
        "payoutQueuePayout",
        Request,
        // The class of 2018 has no action; integers were sent as numbers.
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

/// Returns invalid values of a field: those that senders are known to write, and
/// other JSON types.
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

/// Returns the example with another value in one field, and the path of that
/// field, such as `result[1].payTime`.
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

/// Compares as values, since an odd value keeps its position in the message.
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
    let [Ok(first), Ok(second), Err(unreadable), Ok(last)] = &*answer.control_numbers else {
        panic!("{:?}", answer.control_numbers);
    };
    assert_eq!(first.status, Ok(Some(PayoutStatus::Completed)));
    assert_eq!(second.status, Ok(Some(PayoutStatus::Uploaded)));
    assert!(last.status.is_err());
    assert_eq!(first.cancel_time, Ok(None));
    assert!(second.pay_time.is_err() && second.cancel_time.is_err());
    assert_eq!(unreadable.index(), Some(2));
}

/// The vendor's samples and all other messages printed in its documentation are
/// read without loss. Values that the document forbids to send are reported by
/// field.
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
