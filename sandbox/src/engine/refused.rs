//! Refusals: a return code, and the text that goes with it.

use skypay_types::{Invalid, OperationInfo, ResponseCode};

/// A request is refused, or answered as failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) code: ResponseCode,
    pub(crate) description: String,
}

impl Refused {
    pub(crate) fn because(code: ResponseCode) -> Self {
        Self {
            description: text_of(&code).to_owned(),
            code,
        }
    }

    pub(crate) fn saying(code: ResponseCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
        }
    }

    /// The request breaks a demand of the document. Some fields have a code of
    /// their own, where the operation lists it.
    pub(crate) fn invalid(info: &OperationInfo, invalid: &Invalid) -> Self {
        let first = invalid.violations().first();
        let field = first.map_or("", |violation| violation.field.as_str());
        let last = field.rsplit('.').next().unwrap_or(field);
        let own = FIELD_CODES.iter().find(|(name, _)| *name == last);
        let own = own.map(|(_, code)| code).filter(|code| lists(info, code));
        let code = own.unwrap_or(&ResponseCode::InvalidContext).clone();
        let why = first.map_or_else(String::new, ToString::to_string);
        Self::saying(code.clone(), format!("{}: {why}", text_of(&code)))
    }
}

/// An answer of ours that breaks the document is our failure.
impl From<Invalid> for Refused {
    fn from(_: Invalid) -> Self {
        Self::because(ResponseCode::UnexpectedError)
    }
}

/// Whether the document lists the code for the operation.
pub(crate) fn lists(info: &OperationInfo, code: &ResponseCode) -> bool {
    info.codes
        .iter()
        .any(|(listed, _)| *listed == code.as_str())
}

/// Fields whose faults have a code of their own.
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

/// The code in words.
pub(crate) fn text_of(code: &ResponseCode) -> &'static str {
    match code {
        ResponseCode::Success => "Success",
        ResponseCode::InvalidContext => "Post context is not valid",
        ResponseCode::VerificationFailed => "Verification failed",
        ResponseCode::UnknownFunction => "Service function incorrect",
        ResponseCode::DuplicateControlNumber => "Control number already exists",
        ResponseCode::UnexpectedError => "An unexpected error occurred",
        ResponseCode::NotStored => "The data could not be stored",
        ResponseCode::MissingParameter => "A necessary parameter is missing",
        ResponseCode::ControlNumberInvalid => "Control number invalid or expired",
        ResponseCode::BackendError => "A backend error occurred",
        ResponseCode::PrefixIncorrect => "Prefix of control number is incorrect",
        ResponseCode::ContractNumberInvalid => "The contract number is invalid",
        ResponseCode::InsufficientBalance => "Insufficient balance",
        ResponseCode::AlreadyCompleted => "The transaction is completed already",
        ResponseCode::BankCityIncorrect => "Bank city is incorrect",
        ResponseCode::BankNoIncorrect => "Bank number is incorrect",
        ResponseCode::AccountNumberInvalid => "Invalid account number",
        ResponseCode::AlreadyPaid => "The transaction has been paid",
        ResponseCode::BalanceLimitExceeded => "Balance limit exceeded",
        ResponseCode::DailyLimitExceeded => "Daily limit of transactions exceeded",
        ResponseCode::AddressNotWhitelisted => "Your IP address is not whitelisted",
        ResponseCode::ServiceNotAvailable => "Service not available",
        _ => "Refused",
    }
}
