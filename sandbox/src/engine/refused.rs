//! Refusals: a return code and a description.

use skypay_types::{Invalid, OperationInfo, ResponseCode};

/// A refused or failed request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: ResponseCode,
    text: Text,
}

/// The description of a refusal.
#[derive(Clone, Debug, PartialEq)]
enum Text {
    /// The text in SkyPay's documentation.
    OfTheCode,
    /// That text, followed by a reason.
    With(String),
    /// Only this text.
    Only(String),
}

impl Refused {
    pub(crate) fn because(code: ResponseCode) -> Self {
        let text = Text::OfTheCode;
        Self { code, text }
    }

    /// Appends a reason to the text of the code.
    pub(crate) fn explained(code: ResponseCode, reason: impl Into<String>) -> Self {
        let text = Text::With(reason.into());
        Self { code, text }
    }

    pub(crate) fn saying(code: ResponseCode, description: impl Into<String>) -> Self {
        let text = Text::Only(description.into());
        Self { code, text }
    }

    /// Returns the description for the response.
    pub(crate) fn description(&self, info: &OperationInfo) -> String {
        let of_the_code = text_of(info, &self.code);
        match &self.text {
            Text::OfTheCode => of_the_code.to_owned(),
            Text::With(reason) => format!("{of_the_code}: {reason}"),
            Text::Only(description) => description.clone(),
        }
    }

    /// Returns the reason for the log: the description, without the text of the code if
    /// there is more.
    pub(crate) fn reason(&self, info: &OperationInfo) -> String {
        match &self.text {
            Text::With(reason) => reason.clone(),
            _ => self.description(info),
        }
    }

    /// Creates the refusal of a request that violates a constraint of the document.
    /// Some fields have a specific code, which is used where the operation lists it.
    pub(crate) fn invalid(info: &OperationInfo, invalid: &Invalid) -> Self {
        let first = invalid.violations().first();
        let field = first.map_or("", |violation| violation.field.as_str());
        let last = field.rsplit('.').next().unwrap_or(field);
        let own = FIELD_CODES.iter().find(|(name, _)| *name == last);
        let own = own.map(|(_, code)| code).filter(|code| lists(info, code));
        let code = own.unwrap_or(&ResponseCode::InvalidContext).clone();
        let why = first.map_or_else(String::new, ToString::to_string);
        Self::explained(code, why)
    }
}

/// An invalid response is an internal error of the sandbox.
impl From<Invalid> for Refused {
    fn from(_: Invalid) -> Self {
        Self::because(ResponseCode::UnexpectedError)
    }
}

/// Whether the document lists the code for the operation.
pub(crate) fn lists(info: &OperationInfo, code: &ResponseCode) -> bool {
    info.return_code(code.as_str()).is_some()
}

/// Fields whose violations have a specific code.
const FIELD_CODES: [(&str, ResponseCode); 8] = [
    ("bankNo", ResponseCode::BankNoIncorrect),
    ("accountNo", ResponseCode::AccountNumberInvalid),
    ("provinceId", ResponseCode::BankCityIncorrect),
    ("cityId", ResponseCode::BankCityIncorrect),
    ("contractNumber", ResponseCode::ContractNumberInvalid),
    ("controlNumber", ResponseCode::ControlNumberInvalid),
    ("transferFrom", ResponseCode::PrefixIncorrect),
    ("transferTo", ResponseCode::PrefixIncorrect),
];

/// Returns the documented text of a code for an operation, or else its general text.
pub(crate) fn text_of(info: &OperationInfo, code: &ResponseCode) -> &'static str {
    let here = info.return_code(code.as_str());
    let here = here.and_then(|listed| listed.vendor_text);
    here.or_else(|| code.vendor_text()).unwrap_or("Refused")
}
