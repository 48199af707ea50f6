//! One message of every kind, as the generator writes them, and the proof that
//! the runtime carries them. The modules up to `tests` are the shape that
//! generated code has; the operation in them is made up.

/// As `generated/types/src/codes.rs`.
pub mod codes {
    use skypay_runtime::Unlisted;

    /// Who carries a parcel.
    #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum Carrier {
        /// `1`: a van.
        Van,
        /// `5`: a bicycle.
        Bicycle,
        /// `13`: a pigeon.
        ///
        /// Received, never sent.
        Pigeon,
        /// A code that the document does not list, kept as it came.
        Unlisted(Unlisted),
    }

    skypay_runtime::codes!(Carrier {
        Van = "1",
        Bicycle = "5",
        Pigeon = "13" read_only,
    });

    /// What an answer says.
    #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[non_exhaustive]
    pub enum ResponseCode {
        /// `1000`: accepted.
        Success,
        /// `-1016`: not enough money.
        InsufficientBalance,
        /// A code that the document does not list, kept as it came.
        Unlisted(Unlisted),
    }

    skypay_runtime::codes!(ResponseCode {
        Success = "1000",
        InsufficientBalance = "-1016",
    });
}

/// As `generated/types/src/values.rs`.
pub mod values {
    /// The number of a parcel.
    #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct ParcelNumber(String);

    skypay_runtime::text_type!(ParcelNumber, public);

    /// A mobile number.
    #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Phone(String);

    skypay_runtime::text_type!(Phone, sensitive);
}

/// As `generated/types/src/rows.rs`.
pub mod rows {
    use serde::{Deserialize, Serialize};
    use skypay_runtime::generated::*;

    use crate::values::ParcelNumber;

    /// A parcel among others.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct ParcelEntry {
        /// The number of the parcel.
        // Only where the document says that a plain text is accepted, too.
        #[serde(alias = "$plain")]
        pub parcel_number: ParcelNumber,
    }

    impl ParcelEntry {
        /// Starts building one; `build` names every field that is wrong.
        pub fn builder() -> ParcelEntryBuilder {
            ParcelEntryBuilder::default()
        }
    }

    /// Builds a [`ParcelEntry`].
    #[derive(Clone, Debug, Default)]
    #[must_use]
    pub struct ParcelEntryBuilder {
        parcel_number: Slot<ParcelNumber>,
    }

    impl ParcelEntryBuilder {
        /// The number of the parcel.
        pub fn parcel_number<V>(mut self, value: V) -> Self
        where
            V: TryInto<ParcelNumber>,
            V::Error: std::fmt::Display,
        {
            self.parcel_number.set(value);
            self
        }

        /// The object, if every field is there and keeps the document's constraints.
        ///
        /// # Errors
        ///
        /// Every field that is wrong, all at once.
        pub fn build(self) -> Result<ParcelEntry, Invalid> {
            let at = &mut Violations::new();
            let parcel_number = self.parcel_number.required("parcelNumber", at);
            build(at, || {
                Some(ParcelEntry {
                    parcel_number: parcel_number?,
                })
            })
        }
    }

    impl Validate for ParcelEntry {
        fn check(&self, at: &mut Violations) {
            static PARCEL_NUMBER: Pattern = Pattern::new("^[A-Z0-9]+$");
            at.text(
                "parcelNumber",
                &self.parcel_number,
                Limits::NONE.min(5).max(15).pattern(&PARCEL_NUMBER),
            );
        }
    }

    impl Entry for ParcelEntry {
        const IDENTITY: &'static [&'static [&'static str]] = &[&["parcelNumber"]];
    }
}

/// As `generated/types/src/parcel_queue.rs`.
pub mod parcel_queue {
    use serde::{Deserialize, Serialize};
    use skypay_runtime::generated::*;

    use crate::codes::{Carrier, ResponseCode};
    use crate::rows::ParcelEntry;
    use crate::values::{ParcelNumber, Phone};

    /// Orders the transport of parcels.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct ParcelQueueRequest {
        /// A text.
        pub sender: String,
        /// A text with a type of its own.
        pub parcel_number: ParcelNumber,
        /// A person's name.
        pub name: PersonName,
        /// A masked text with a type of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub phone: Option<Phone>,
        /// An amount that is written as a text.
        pub amount: Amount,
        /// An amount that is written as a number.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "wire::optional_number"
        )]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "Option<skypay_runtime::schema::AmountNumber>")
        )]
        pub insured: Option<Amount>,
        /// A code.
        pub carrier: Carrier,
        /// A masked text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub account_no: Option<Sensitive>,
        /// A masked date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub birthday: Option<Sensitive<Date>>,
        /// A whole number that is written as a text.
        pub floor: IntegerText,
        /// A whole number that is written as a number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub page_size: Option<u32>,
        /// A time with decimals, misspelled on the wire.
        #[serde(
            rename = "transctionDate",
            alias = "transactionDate",
            serialize_with = "wire::fraction"
        )]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "skypay_runtime::schema::DateTimeFraction")
        )]
        pub transaction_date: DateTime,
        /// A list of objects that has to be there.
        pub parcels: Vec<ParcelEntry>,
        /// A list of scalars that may be missing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub replaced: Vec<ParcelNumber>,
    }

    impl ParcelQueueRequest {
        /// Starts building one; `build` names every field that is wrong.
        pub fn builder() -> ParcelQueueRequestBuilder {
            ParcelQueueRequestBuilder::default()
        }
    }

    /// Builds a [`ParcelQueueRequest`].
    #[derive(Clone, Debug, Default)]
    #[must_use]
    pub struct ParcelQueueRequestBuilder {
        sender: Slot<String>,
        parcel_number: Slot<ParcelNumber>,
        name: Slot<PersonName>,
        phone: Slot<Phone>,
        amount: Slot<Amount>,
        insured: Slot<Amount>,
        carrier: Slot<Carrier>,
        account_no: Slot<Sensitive>,
        birthday: Slot<Sensitive<Date>>,
        floor: Slot<IntegerText>,
        page_size: Slot<u32>,
        transaction_date: Slot<DateTime>,
        parcels: Slot<Vec<ParcelEntry>>,
        replaced: Slot<Vec<ParcelNumber>>,
    }

    impl ParcelQueueRequestBuilder {
        /// A text.
        pub fn sender<V>(mut self, value: V) -> Self
        where
            V: TryInto<String>,
            V::Error: std::fmt::Display,
        {
            self.sender.set(value);
            self
        }

        /// A text with a type of its own.
        pub fn parcel_number<V>(mut self, value: V) -> Self
        where
            V: TryInto<ParcelNumber>,
            V::Error: std::fmt::Display,
        {
            self.parcel_number.set(value);
            self
        }

        /// A person's name.
        pub fn name<V>(mut self, value: V) -> Self
        where
            V: TryInto<PersonName>,
            V::Error: std::fmt::Display,
        {
            self.name.set(value);
            self
        }

        /// A masked text with a type of its own.
        pub fn phone<V>(mut self, value: V) -> Self
        where
            V: TryInto<Phone>,
            V::Error: std::fmt::Display,
        {
            self.phone.set(value);
            self
        }

        /// An amount that is written as a text.
        pub fn amount<V>(mut self, value: V) -> Self
        where
            V: TryInto<Amount>,
            V::Error: std::fmt::Display,
        {
            self.amount.set(value);
            self
        }

        /// An amount that is written as a number.
        pub fn insured<V>(mut self, value: V) -> Self
        where
            V: TryInto<Amount>,
            V::Error: std::fmt::Display,
        {
            self.insured.set(value);
            self
        }

        /// A code.
        pub fn carrier<V>(mut self, value: V) -> Self
        where
            V: TryInto<Carrier>,
            V::Error: std::fmt::Display,
        {
            self.carrier.set(value);
            self
        }

        /// A masked text.
        pub fn account_no<V>(mut self, value: V) -> Self
        where
            V: TryInto<Sensitive>,
            V::Error: std::fmt::Display,
        {
            self.account_no.set(value);
            self
        }

        /// A masked date.
        pub fn birthday<V>(mut self, value: V) -> Self
        where
            V: TryInto<Sensitive<Date>>,
            V::Error: std::fmt::Display,
        {
            self.birthday.set(value);
            self
        }

        /// A whole number that is written as a text.
        pub fn floor<V>(mut self, value: V) -> Self
        where
            V: TryInto<IntegerText>,
            V::Error: std::fmt::Display,
        {
            self.floor.set(value);
            self
        }

        /// A whole number that is written as a number.
        pub fn page_size<V>(mut self, value: V) -> Self
        where
            V: TryInto<u32>,
            V::Error: std::fmt::Display,
        {
            self.page_size.set(value);
            self
        }

        /// A time with decimals, misspelled on the wire.
        pub fn transaction_date<V>(mut self, value: V) -> Self
        where
            V: TryInto<DateTime>,
            V::Error: std::fmt::Display,
        {
            self.transaction_date.set(value);
            self
        }

        /// A list of objects that has to be there.
        pub fn parcels(mut self, items: impl IntoIterator<Item: Into<ParcelEntry>>) -> Self {
            self.parcels.list(items);
            self
        }

        /// A list of scalars that may be missing.
        pub fn replaced(mut self, items: impl IntoIterator<Item: Into<ParcelNumber>>) -> Self {
            self.replaced.list(items);
            self
        }

        /// The message, if every field is there and keeps the document's constraints.
        ///
        /// # Errors
        ///
        /// Every field that is wrong, all at once.
        pub fn build(self) -> Result<ParcelQueueRequest, Invalid> {
            let at = &mut Violations::new();
            let sender = self.sender.required("sender", at);
            let parcel_number = self.parcel_number.required("parcelNumber", at);
            let name = self.name.required("name", at);
            let phone = self.phone.optional("phone", at);
            let amount = self.amount.required("amount", at);
            let insured = self.insured.optional("insured", at);
            let carrier = self.carrier.required("carrier", at);
            let account_no = self.account_no.optional("accountNo", at);
            let birthday = self.birthday.optional("birthday", at);
            let floor = self.floor.required("floor", at);
            let page_size = self.page_size.optional("pageSize", at);
            let transaction_date = self.transaction_date.required("transctionDate", at);
            let parcels = self.parcels.required("parcels", at);
            let replaced = self.replaced.or_default("replaced", at);
            build(at, || {
                Some(ParcelQueueRequest {
                    sender: sender?,
                    parcel_number: parcel_number?,
                    name: name?,
                    phone: phone?,
                    amount: amount?,
                    insured: insured?,
                    carrier: carrier?,
                    account_no: account_no?,
                    birthday: birthday?,
                    floor: floor?,
                    page_size: page_size?,
                    transaction_date: transaction_date?,
                    parcels: parcels?,
                    replaced: replaced?,
                })
            })
        }
    }

    impl Validate for ParcelQueueRequest {
        fn check(&self, at: &mut Violations) {
            static PARCEL_NUMBER: Pattern = Pattern::new("^[A-Z0-9]+$");
            static PHONE: Pattern = Pattern::new("^0[89][0-9]{9}$");
            static RIDER: Pattern = Pattern::new("^09[0-9]{9}$");
            static RULES: [Rule; 2] = [
                Rule {
                    id: "bicycle-needs-account",
                    when: Some(("carrier", &["5"])),
                    require: &["accountNo", "phone"],
                    forbid: &[],
                    matches: &[("accountNo", &RIDER)],
                    because: "riders are paid to their mobile number",
                },
                Rule {
                    id: "van-pays-nobody",
                    when: Some(("carrier", &["1", "13"])),
                    require: &[],
                    forbid: &["accountNo"],
                    matches: &[],
                    because: "drivers have a salary",
                },
            ];
            at.text("sender", &self.sender, Limits::NONE.min(1).max(100));
            at.text(
                "parcelNumber",
                &self.parcel_number,
                Limits::NONE.min(5).max(15).pattern(&PARCEL_NUMBER),
            );
            at.person_name("name", &self.name, Limits::NONE.max(100));
            at.text("phone", &self.phone, Limits::NONE.pattern(&PHONE));
            at.range("amount", &self.amount, Amount::from_centavos(1)..);
            at.range(
                "insured",
                &self.insured,
                ..=Amount::from_centavos(5_000_000),
            );
            at.code("carrier", &self.carrier);
            at.one_of("carrier", &self.carrier, &["1", "5"]);
            at.text("accountNo", &self.account_no, Limits::NONE.max(50));
            at.integer_text("floor", &self.floor, Limits::NONE.max(2), 1..);
            at.range("pageSize", &self.page_size, 1..=1000);
            at.count("parcels", &self.parcels, 1..=3);
            at.each("parcels", &self.parcels);
            at.each_text("replaced", &self.replaced, Limits::NONE.max(15));
            at.rules(self, &RULES);
        }
    }

    // Only where there are rules, and only the fields that they name.
    impl Fields for ParcelQueueRequest {
        fn text_of(&self, field: &str) -> Option<Cow<'_, str>> {
            match field {
                "phone" => self.phone.as_text(),
                "carrier" => self.carrier.as_text(),
                "accountNo" => self.account_no.as_text(),
                _ => None,
            }
        }
    }

    impl Operation for ParcelQueueRequest {
        type Response = ParcelQueueResponse;

        const INFO: &'static OperationInfo = &OperationInfo {
            name: "parcelQueue",
            label: "parcelQueue",
            action: "parcelQueue",
            summary: "Send parcels",
            constants: &[],
            direction: Direction::ToSkypay,
            mode: Mode::Asynchronous,
            effect: Effect::MovesMoney,
            ask_with: None,
            ask_after_seconds: None,
            resend: Resend::Never,
            codes: &[("1000", Outcome::Accepted), ("-1016", Outcome::Rejected)],
            texts: &[("-1016", "Insufficient balance")],
            key_refusals: &[],
            code_required: true,
            partner_codes: None,
            delivery_key: &[],
            effect_key: &[],
            personal: &[],
            request_example: "",
            response_example: "",
        };

        fn subjects(&self) -> Vec<&str> {
            // One field: vec![self.parcel_number.as_ref()]
            self.parcels
                .iter()
                .map(|item| item.parcel_number.as_ref())
                .collect()
        }
    }

    /// The answer to the order.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct ParcelQueueResponse {
        /// When the answer was written.
        #[serde(
            default,
            skip_serializing_if = "Received::is_absent",
            serialize_with = "wire::received_fraction"
        )]
        #[cfg_attr(
            feature = "schemars",
            schemars(with = "Option<skypay_runtime::schema::DateTimeFraction>")
        )]
        pub response_time: Received<DateTime>,
        /// The return code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub response_code: Option<ResponseCode>,
        /// The text that goes with it.
        #[serde(default, skip_serializing_if = "Received::is_absent")]
        pub response_description: Received<String>,
        /// A list of objects that may also be plain texts.
        #[serde(default, skip_serializing_if = "Entries::is_empty")]
        pub parcels: Entries<ParcelEntry>,
    }

    impl Validate for ParcelQueueResponse {
        fn check(&self, at: &mut Violations) {
            at.readable("responseTime", &self.response_time);
            at.readable("responseDescription", &self.response_description);
            at.entries("parcels", &self.parcels);
        }
    }

    impl Answer for ParcelQueueResponse {
        type Code = ResponseCode;

        fn response_time(&self) -> Option<DateTime> {
            self.response_time.if_readable().copied()
        }

        fn response_code(&self) -> Option<&str> {
            self.response_code.as_ref().map(AsRef::as_ref)
        }

        fn response_description(&self) -> Option<&str> {
            self.response_description.if_readable().map(AsRef::as_ref)
        }

        fn stamp(&mut self, stamp: &Stamp<'_>) {
            self.response_time = Received::Value(stamp.time);
            self.response_code = Some(stamp.code.into());
            self.response_description = Received::Value(stamp.description.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use skypay_runtime::{Answer, Operation, PersonName, Received, Stamp, Validate, read};

    use crate::codes::{Carrier, ResponseCode};
    use crate::parcel_queue::{ParcelQueueRequest, ParcelQueueRequestBuilder, ParcelQueueResponse};
    use crate::rows::ParcelEntry;

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

    /// The violations as `field rule`.
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
    fn what_is_absent_is_not_written() {
        let message = ParcelQueueResponse::default();
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
    fn it_is_read_however_it_is_spelled() {
        let spelled = concat!(
            r#"{"SENDER ":"Example App","parcel number":" SKY98001 ","name":"Dela Cruz,Juan","#,
            r#""Phone":"09123456789","amount":3900,"insured":"250.5","carrier":5,"ignored":[{}],"#,
            r#""accountNo":"09987654321","birthday":"1991-10-02","floor":3.0,"pageSize":"20","#,
            r#""transactionDate":"2024-02-05T10:15:30.125","replaced":["OLD01"],"#,
            r#""parcels":[{"Parcel Number":"SKY98002"}]}"#,
        );
        let message = complete().build().unwrap();
        assert_eq!(
            read::from_slice::<ParcelQueueRequest>(spelled.as_bytes()),
            Ok(message)
        );
    }

    #[test]
    fn a_refusal_and_its_odd_forms_are_read() {
        let answer: ParcelQueueResponse = read::from_slice(
            br#"{"responseTime":"","responseCode":-1016,"parcels":["A1",{"parcel number":"B2"},3]}"#,
        )
        .unwrap();
        assert_eq!(answer.response_time, Received::Absent);
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
    fn everything_that_breaks_a_constraint_is_named_at_once() {
        let builder = complete()
            .sender("")
            .parcel_number("sky98001 but much too long")
            .name(PersonName::new("Cruz, Jr", "Juan"))
            .phone("12345")
            .amount("0")
            .insured("50000.01")
            .floor(100_u32)
            .page_size(0_u32)
            .parcels([
                entry("SKY98002"),
                entry("SKY98003"),
                entry("SKY98004"),
                entry("SKY98005"),
            ])
            .replaced(["FINE", "LONGER-THAN-FIFTEEN"]);
        assert_eq!(
            broken(builder),
            [
                "sender min-length",
                "parcelNumber max-length",
                "parcelNumber pattern",
                "name person-name",
                "phone pattern",
                "amount minimum",
                "insured maximum",
                "floor max-length",
                "pageSize minimum",
                "parcels max-items",
                "replaced[1] max-length",
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
             parcels[1].parcelNumber: must have at least 5 characters\n\
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
                "accountNo van-pays-nobody"
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
            ["accountNo van-pays-nobody"]
        );
    }

    #[test]
    fn nothing_personal_is_shown() {
        let secrets = ["Dela Cruz", "Juan", "09123456789", "09987654321", "1991"];
        let builder = complete();
        let shown = format!("{builder:?}{:?}", builder.clone().build());
        assert!(shown.contains("SKY98001"), "{shown}");
        for secret in secrets {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        let refused = complete()
            .birthday("1991-13-77")
            .amount("secret")
            .account_no("not a number");
        let shown = format!("{refused:?} {}", refused.clone().build().unwrap_err());
        for secret in ["1991-13-77", "secret", "not a number"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }

    #[test]
    fn an_answer_is_stamped() {
        let mut answer = ParcelQueueResponse::default();
        answer.stamp(&Stamp {
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
        assert_eq!(
            answer.response_time(),
            answer.response_time.if_readable().copied()
        );
        let message = complete().build().unwrap();
        assert_eq!(message.subjects(), ["SKY98002"]);
        assert_eq!(ParcelQueueRequest::INFO.accepted_code(), "1000");
    }

    #[cfg(feature = "schemars")]
    #[test]
    fn it_has_a_schema() {
        let schema = serde_json::to_value(schemars::schema_for!(ParcelQueueRequest)).unwrap();
        let properties = &schema["properties"];
        assert_eq!(properties["amount"]["type"], "string");
        assert_eq!(
            properties["insured"]["type"],
            serde_json::json!(["number", "null"])
        );
        assert_eq!(properties["floor"]["type"], "string");
        assert_eq!(properties["birthday"]["format"], "date");
        assert_eq!(
            schema["$defs"]["Carrier"]["examples"],
            serde_json::json!(["1", "5", "13"])
        );
    }
}
