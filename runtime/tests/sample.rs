//! Messages with every kind of field, declared with the macros that generated code
//! uses. The operation is fictitious. A generated crate in their place would depend on
//! the runtime, which is to be tested also when the generator or its output is broken;
//! `tests/it/second_api.rs` generates one and lets it communicate.

use skypay_runtime::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

skypay_runtime::open_enum! {
    /// The carrier of a parcel.
    pub enum Carrier {
        /// `1`: a van.
        Van = "1",
        /// `5`: a bicycle.
        Bicycle = "5",
        /// `13`: a pigeon.
        ///
        /// Received, never sent.
        Pigeon = "13" read_only,
    }
}

skypay_runtime::open_enum! {
    /// The return codes of a response.
    pub enum ResponseCode {
        /// `1000`: accepted.
        Success = "1000",
        /// `-1016`: not enough money.
        InsufficientBalance = "-1016",
    }
}

skypay_runtime::string_newtype! {
    /// The number of a parcel.
    pub struct ParcelNumber: public;
}

skypay_runtime::string_newtype! {
    /// A mobile number.
    pub struct Phone: sensitive;
}

skypay_runtime::message! {
    /// A parcel among others.
    pub struct ParcelEntry, ParcelEntryBuilder {
        /// The number of the parcel.
        parcel_number "parcelNumber" | "$plain": required ParcelNumber { text(5..=15, "^[A-Z0-9]+$") };
    }
    identity ["parcelNumber"];
}

skypay_runtime::message! {
    /// Orders the transport of parcels.
    pub struct ParcelQueueRequest, ParcelQueueRequestBuilder {
        /// A text.
        sender "sender": required String { text(1..=100) };
        /// A text with a type of its own.
        parcel_number "parcelNumber": required ParcelNumber { text(5..=15, "^[A-Z0-9]+$") };
        /// A person's name.
        name "name": required PersonName { text(..=100) };
        /// A masked text with a type of its own.
        phone "phone": optional Phone { text(.., "^0[89][0-9]{9}$") };
        /// An amount that is written as a text.
        amount "amount": required Amount { range(Amount::from_centavos(1)..) };
        /// An amount that is written as a number.
        insured "insured": optional Amount as number { range(..=Amount::from_centavos(5_000_000)) };
        /// A code.
        carrier "carrier": required Carrier { listed, one_of("1", "5") };
        /// A masked text.
        account_no "accountNo": optional Sensitive { text(..=50) };
        /// A masked date.
        birthday "birthday": optional Sensitive<Date>;
        /// A whole number that is written as a text.
        floor "floor": required IntegerText { text(..=2; 1..) };
        /// A whole number that is written as a number.
        #[deprecated(note = "the document marks this field as going away")]
        page_size "pageSize": optional u32 { range(1..=1000) };
        /// A time with decimals, misspelled on the wire.
        transaction_date "transctionDate" | "transactionDate": required DateTime as fraction;
        /// A required list of objects.
        parcels "parcels": list ParcelEntry [1..=3];
        /// An optional list of scalars.
        replaced "replaced": optional_list ParcelNumber { text(..=15) };
    }
    rules {
        "bicycle-needs-account" when "carrier" in ["5"],
            requires ["accountNo", "phone"],
            matches ["accountNo" "^09[0-9]{9}$"],
            reason "riders are paid to their mobile number";
        "van-has-no-account" when "carrier" in ["1", "13"],
            forbids ["accountNo"],
            reason "drivers have a salary";
    }
}

skypay_runtime::operation! {
    ParcelQueueRequest -> ParcelQueueResponse {
        name: "parcelQueue",
        path_fragment: "parcelQueue",
        action: "parcelQueue",
        summary: "Send parcels",
        direction: Direction::ToProvider,
        mode: Mode::Asynchronous,
        effect: Effect::MovesMoney,
        retry: Retry::Never,
        code_required: true,
    }
    codes {
        "1000": Outcome::Accepted;
        "-1016": Outcome::Rejected "Insufficient balance", refuses keys;
    }
    transaction_ids |request| request.parcels.iter().map(|item| item.parcel_number.as_ref()).collect();
    delivery_key { "parcelNumber" parcel_number, "transctionDate" transaction_date };
    effect_key { "phone" phone };
}

skypay_runtime::message! {
    /// The response to the order.
    pub struct ParcelQueueResponse, ParcelQueueResponseBuilder {
        /// The time of the response.
        response_time "responseTime": received DateTime as fraction;
        /// The return code.
        response_code "responseCode": optional ResponseCode;
        /// The description of the return code.
        response_description "responseDescription": received String;
        /// A list of objects that may be received as plain texts.
        parcels "parcels": optional_entries ParcelEntry;
    }
}

skypay_runtime::response!(ParcelQueueResponse: ResponseCode {
    time response_time always,
    code response_code always,
    description response_description always,
});

#[cfg(test)]
#[expect(deprecated, reason = "a field that is going away works as before")]
mod tests {
    use skypay_runtime::{HeaderValues, Operation, PersonName, Response, Validate, read};

    use super::{
        Carrier, ParcelEntry, ParcelQueueRequest, ParcelQueueRequestBuilder, ParcelQueueResponse,
        ResponseCode,
    };

    const WRITTEN: &str = concat!(
        r#"{"sender":"Example App","parcelNumber":"SKY98001","name":"Dela Cruz,Juan","#,
        r#""phone":"09123456789","amount":"3900.00","insured":250.50,"carrier":"5","#,
        r#""accountNo":"09987654321","birthday":"1991-10-02","floor":"3","pageSize":20,"#,
        r#""transctionDate":"2024-02-05 10:15:30.1250","parcels":[{"parcelNumber":"SKY98002"}],"#,
        r#""replaced":["OLD01"]}"#,
    );

    fn entry(number: &str) -> ParcelEntry {
        ParcelEntry::builder()
            .parcel_number(number)
            .build()
            .unwrap()
    }

    fn complete() -> ParcelQueueRequestBuilder {
        ParcelQueueRequest::builder()
            .sender("Example App")
            .parcel_number("SKY98001")
            .name(PersonName::new("Dela Cruz", "Juan"))
            .phone("09123456789")
            .amount("3900")
            .insured("250.5")
            .carrier(Carrier::Bicycle)
            .account_no("09987654321")
            .birthday("1991-10-02")
            .floor(3_u32)
            .page_size(20_u32)
            .transaction_date("2024-02-05 10:15:30.125")
            .parcels([entry("SKY98002")])
            .replaced(["OLD01"])
    }

    /// The violations, formatted as `field rule`.
    fn broken(builder: ParcelQueueRequestBuilder) -> Vec<String> {
        let invalid = match builder.build() {
            Ok(message) => panic!("valid: {message:?}"),
            Err(invalid) => invalid,
        };
        let violations = invalid.violations().iter();
        violations
            .map(|violation| format!("{} {}", violation.field, violation.rule))
            .collect()
    }

    #[test]
    fn it_is_written_as_the_wire_wants_it() {
        let message = complete().build().unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), WRITTEN);
    }

    #[test]
    fn an_optional_value_is_set_if_there_is_one() {
        let maybe = |phone: Option<&str>| {
            let builder = complete().carrier(Carrier::Bicycle);
            builder.maybe(ParcelQueueRequestBuilder::phone, phone)
        };
        let message = maybe(Some("09111111111")).build().unwrap();
        assert_eq!(message.phone.unwrap().as_str(), "09111111111");
        let message = maybe(None).build().unwrap();
        assert_eq!(message.phone.unwrap().as_str(), "09123456789");
        assert_eq!(broken(maybe(Some("1"))), ["phone pattern"]);
    }

    #[test]
    fn what_is_absent_is_not_written() {
        let message = ParcelQueueResponse::builder().build().unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), "{}");
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let message = complete().build().unwrap();
        assert_eq!(
            read::from_slice::<ParcelQueueRequest>(WRITTEN.as_bytes()),
            Ok(message)
        );
    }

    #[test]
    fn a_refusal_and_its_odd_forms_are_read() {
        let answer: ParcelQueueResponse = read::from_slice(
            br#"{"responseTime":"","responseCode":-1016,"parcels":["A1",{"parcel number":"B2"},3]}"#,
        )
        .unwrap();
        assert_eq!(answer.response_time, Ok(None));
        assert_eq!(
            answer.response_code,
            Some(ResponseCode::InsufficientBalance)
        );
        let numbers: Vec<_> = answer
            .parcels
            .iter()
            .map(|entry| entry.as_ref().unwrap().parcel_number.as_str())
            .collect();
        assert_eq!(numbers, ["A1", "B2", "3"]);
    }

    #[test]
    fn everything_that_is_missing_or_malformed_is_named_at_once() {
        let builder = ParcelQueueRequest::builder()
            .sender("Example App")
            .amount("12.345")
            .birthday("yesterday")
            .carrier("1");
        assert_eq!(
            broken(builder),
            [
                "parcelNumber required",
                "name required",
                "amount type",
                "birthday type",
                "floor required",
                "transctionDate required",
                "parcels required",
            ]
        );
    }

    #[test]
    fn the_place_in_a_list_is_named() {
        let answer: ParcelQueueResponse =
            read::from_slice(br#"{"responseTime":"-","parcels":["SKY98002","sky",{},null]}"#)
                .unwrap();
        let invalid = answer.validate().unwrap_err();
        assert_eq!(
            invalid.to_string(),
            "responseTime: expected a time like 2024-12-31 23:59:59\n\
             parcels[1].parcelNumber: must have at least 5 characters, not 3\n\
             parcels[1].parcelNumber: must match ^[A-Z0-9]+$\n\
             parcels[2].parcelNumber: is missing\n\
             parcels[3]: expected a value, not null"
        );
    }

    #[test]
    fn codes_that_may_not_be_sent_are_named() {
        let pigeon = complete().carrier(Carrier::Pigeon);
        assert_eq!(
            broken(pigeon),
            [
                "carrier read-only",
                "carrier one-of",
                "accountNo van-has-no-account"
            ]
        );
        let unlisted = complete().carrier("99");
        assert_eq!(broken(unlisted), ["carrier unlisted", "carrier one-of"]);
    }

    #[test]
    fn conditions_between_fields_are_kept() {
        let without_account = ParcelQueueRequest {
            account_no: None,
            ..complete().build().unwrap()
        };
        assert_eq!(
            without_account.validate().unwrap_err().to_string(),
            "accountNo: is required when carrier is 5: riders are paid to their mobile number"
        );
        assert_eq!(
            broken(complete().account_no("123")),
            ["accountNo bicycle-needs-account"]
        );
        assert_eq!(
            broken(complete().carrier(Carrier::Van)),
            ["accountNo van-has-no-account"]
        );
    }

    #[test]
    fn an_answer_is_stamped() {
        let mut answer = ParcelQueueResponse::builder().build().unwrap();
        answer.fill_header(&HeaderValues {
            time: "2024-02-05 10:15:30.5".parse().unwrap(),
            code: "1000",
            description: "Success",
        });
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"responseTime":"2024-02-05 10:15:30.5000","responseCode":"1000","responseDescription":"Success"}"#
        );
        assert_eq!(answer.response_code(), Some("1000"));
        assert_eq!(answer.response_description(), Some("Success"));
        assert_eq!(answer.response_time(), answer.response_time.unwrap());
        let message = complete().build().unwrap();
        assert_eq!(message.transaction_ids(), ["SKY98002"]);
        let key = message.delivery_key().unwrap();
        assert_eq!(key.as_str(), r#"["SKY98001","2024-02-05 10:15:30"]"#);
        assert_eq!(ParcelQueueRequest::INFO.accepted_code(), "1000");
    }
}
