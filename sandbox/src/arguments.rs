//! Value parsers for commands that derive their arguments.

use std::fmt::Debug;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use skypay_types::{CollectionChannel, OPERATIONS, PayoutChannel, ResponseCode};

/// Returns a parser for the variants of an enum, which the help lists without their
/// descriptions.
#[must_use]
pub fn choice<T: ValueEnum + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    let values = T::value_variants().iter().filter_map(T::to_possible_value);
    let parser = PossibleValuesParser::new(values.map(|value| value.help(None)));
    parser.try_map(|name| T::from_str(&name, false))
}

/// Parses the name of an operation or a callback.
///
/// # Errors
///
/// Returns an error if the name is unknown.
pub fn operation(name: &str) -> Result<String, String> {
    let known = OPERATIONS.iter().any(|info| info.name == name);
    let help = "there is no such operation; `skypay call --help` lists them";
    known
        .then(|| name.to_owned())
        .ok_or_else(|| help.to_owned())
}

/// Parses a payout channel by its code or name.
pub fn payout_channel(text: &str) -> Result<PayoutChannel, String> {
    listed(PayoutChannel::ALL, text)
}

/// Parses a collection channel by its code or name.
pub fn collection_channel(text: &str) -> Result<CollectionChannel, String> {
    listed(CollectionChannel::ALL, text)
}

/// Parses a return code by its number or name; a number may be unlisted.
pub fn return_code(text: &str) -> Result<ResponseCode, String> {
    if text.parse::<i32>().is_ok() {
        return Ok(ResponseCode::from(text));
    }
    listed(ResponseCode::ALL, text)
}

fn listed<C: AsRef<str> + Debug + Clone>(all: &[C], text: &str) -> Result<C, String> {
    let same = |code: &&C| {
        let shown = format!("{code:?}");
        let name = shown.split('(').next().unwrap_or_default();
        code.as_ref() == text || name.eq_ignore_ascii_case(text)
    };
    all.iter().find(same).cloned().ok_or_else(|| {
        let all: Vec<_> = all.iter().map(|code| format!("{code:?}")).collect();
        format!("it is none of {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use skypay_types::PayoutChannel;

    use super::payout_channel;

    #[test]
    fn channels_go_by_code_or_name() {
        assert_eq!(payout_channel("1"), Ok(PayoutChannel::MLhuillier));
        assert_eq!(payout_channel("gcash"), Ok(PayoutChannel::GCash));
        assert!(payout_channel("77").unwrap_err().contains("Bank(5)"));
    }
}
