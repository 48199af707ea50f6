//! Value parsers for commands that derive their arguments.

use std::ffi::OsStr;
use std::fmt::Debug;

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use skypay_types::{CollectionChannel, OPERATIONS, PayoutChannel, ResponseCode};

/// Returns a parser for the variants of an enum, which the help lists without their
/// descriptions.
#[must_use]
pub fn choice<T: ValueEnum + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    let values = T::value_variants().iter().filter_map(T::to_possible_value);
    let parser = PossibleValuesParser::new(values.map(|value| value.help(None)));
    parser.try_map(|name| T::from_str(&name, false))
}

/// Returns a parser for the name of an operation or a callback.
#[must_use]
pub fn operation() -> PossibleValuesParser {
    PossibleValuesParser::new(OPERATIONS.iter().map(|info| info.name))
}

/// Returns a parser for a payout channel, by its code or name.
#[must_use]
pub fn payout_channel() -> impl TypedValueParser<Value = PayoutChannel> {
    listed(PayoutChannel::ALL)
}

/// Returns a parser for a collection channel, by its code or name.
#[must_use]
pub fn collection_channel() -> impl TypedValueParser<Value = CollectionChannel> {
    listed(CollectionChannel::ALL)
}

/// A parser for a return code by its number or name; a number may be unlisted.
#[derive(Clone, Debug)]
pub struct ReturnCode;

impl TypedValueParser for ReturnCode {
    type Value = ResponseCode;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<ResponseCode, clap::Error> {
        match value.to_str() {
            Some(text) if text.parse::<i32>().is_ok() => Ok(ResponseCode::from(text)),
            _ => listed(ResponseCode::ALL).parse_ref(command, arg, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(names(ResponseCode::ALL)))
    }
}

/// Returns a parser for a code of a table, by its code or name; in any case if the
/// argument ignores it.
fn listed<C>(all: &'static [C]) -> impl TypedValueParser<Value = C>
where
    C: AsRef<str> + Debug + Clone + Send + Sync,
{
    let unknown = || "it is not listed";
    let parser = PossibleValuesParser::new(names(all));
    parser.try_map(move |text| named(all, &text).ok_or_else(unknown))
}

fn names<C: AsRef<str> + Debug>(all: &[C]) -> impl Iterator<Item = PossibleValue> {
    let value = |code: &C| PossibleValue::new(code_name(code)).alias(code.as_ref().to_owned());
    all.iter().map(value)
}

/// Returns the code of a table with this code or name, in any case.
pub(crate) fn named<C: AsRef<str> + Debug + Clone>(all: &[C], text: &str) -> Option<C> {
    let is_same = |code: &&C| code.as_ref() == text || code_name(*code).eq_ignore_ascii_case(text);
    all.iter().find(is_same).cloned()
}

/// Returns the name of a code, such as of a channel; of one that is not listed, the
/// code.
#[must_use]
pub fn code_name(code: &(impl Debug + AsRef<str>)) -> String {
    let shown = format!("{code:?}");
    match shown.split_once('(') {
        Some((name, rest)) if rest.strip_suffix(')') == Some(code.as_ref()) => name.to_owned(),
        _ => code.as_ref().to_owned(),
    }
}
