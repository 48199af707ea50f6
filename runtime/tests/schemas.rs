//! The JSON Schemas of scalars and wrappers.

use schemars::{JsonSchema, schema_for};
use serde_json::{Value, json};
use skypay_runtime::message::{self, Fraction};
use skypay_runtime::{Amount, Date, DateTime, IntegerText, PersonName, Sensitive};

skypay_runtime::open_enum! {
    /// A table.
    pub enum Table {
        /// A code.
        One = "1",
        /// A code.
        Failed = "-1009",
        /// A code.
        Old = "13" read_only,
    }
}

skypay_runtime::string_newtype! {
    /// A number.
    pub struct Number: public;
}

fn schema<T: JsonSchema>() -> Value {
    serde_json::to_value(schema_for!(T)).expect("a schema is JSON")
}

fn check<T: JsonSchema>(key: &str, expected: &Value) {
    assert_eq!(schema::<T>()[key], *expected);
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct NotInline {
    amount: Amount,
}

#[test]
fn schemas_say_how_values_are_written() {
    check::<message::Number<Amount>>("type", &json!("number"));
    check::<Sensitive<Date>>("format", &json!("date"));
    check::<Sensitive>("type", &json!("string"));
    check::<Number>("type", &json!("string"));
    check::<Table>("examples", &json!(["1", "-1009", "13"]));
    check::<Vec<Sensitive<u32>>>("items", &schema::<Vec<u32>>()["items"]);
    assert_eq!(schema::<Sensitive<NotInline>>(), schema::<NotInline>());
}

fn check_pattern<T: JsonSchema>(written: &str) {
    let schema = schema::<T>();
    let pattern = schema["pattern"].as_str().expect("a pattern");
    let pattern = regex_lite::Regex::new(pattern).expect("an expression");
    assert!(pattern.is_match(written), "{written}");
    assert!(!pattern.is_match(&format!("{written}x,,,")), "{written}");
}

#[test]
fn patterns_match_what_is_written() {
    let time = DateTime::from_unix_seconds(0);
    check_pattern::<Amount>(&Amount::from_centavos(-5).to_string());
    check_pattern::<DateTime>(&time.to_string());
    check_pattern::<Fraction<DateTime>>(&format!("{time:.4}"));
    check_pattern::<PersonName>(PersonName::new("Reyes", "Maria").suffix("Jr.").as_str());
    check_pattern::<IntegerText>("-12");
}
