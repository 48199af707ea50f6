//! Sample operations, hand-written in the shape of generated code. Their codes
//! are made up, to show that the runtime knows none.

#![allow(
    dead_code,
    reason = "each test file uses the half of the samples that it needs"
)]

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use skypay_runtime::clock::Clock;
use skypay_runtime::keys::{Credentials, KeyRing};
use skypay_runtime::operation::{
    Direction, Effect, HeaderFields, HeaderValues, Mode, Operation, OperationInfo, Outcome,
    Response, Retry,
};
use skypay_runtime::validate::{Validate, Violations};
use skypay_runtime::value::DateTime;

/// 2026-11-23 10:00:00 in GMT+8.
pub(crate) fn clock() -> Clock {
    Clock::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_399_200))
}

pub(crate) fn credentials(set: &str) -> Credentials {
    Credentials::new(
        format!("{set}@example"),
        format!("{set}-AUTHENTICATION"),
        format!("{set}-password"),
    )
    .unwrap()
}

/// A ring whose only set is `first`.
pub(crate) fn keys() -> KeyRing {
    KeyRing::new(credentials("first"))
}

pub(crate) const HEADER: HeaderFields = HeaderFields {
    user_name: "userName",
    action: "action",
    authentication: "authentication",
    time: Some("responseTime"),
    code: "responseCode",
    description: Some("responseDescription"),
};

const BASE: OperationInfo = OperationInfo {
    header: &HEADER,
    name: "",
    path_fragment: "",
    action: "",
    summary: "",
    constants: &[],
    direction: Direction::ToProvider,
    mode: Mode::Asynchronous,
    effect: Effect::MovesMoney,
    status_query: None,
    status_query_delay: None,
    retry: Retry::Never,
    codes: &[
        ("7000", Outcome::Accepted),
        ("-7001", Outcome::Rejected),
        ("-7003", Outcome::Rejected),
        ("-7009", Outcome::Unknown),
    ],
    texts: &[],
    key_refusals: &["-7001"],
    code_required: true,
    partner_codes: None,
    delivery_key: &[],
    effect_key: &[],
    personal_data: &[],
    request_example: "",
    response_example: "",
};

/// Moves money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendMoneyRequest {
    pub(crate) control_number: String,
    pub(crate) payee: String,
}

impl SendMoneyRequest {
    pub(crate) fn sample() -> Self {
        Self {
            control_number: "SKY9912345678".to_owned(),
            payee: "Rizal,Jose".to_owned(),
        }
    }
}

impl Validate for SendMoneyRequest {
    fn check(&self, at: &mut Violations) {
        at.text("payee", &self.payee, ..=50, None);
    }
}

impl Operation for SendMoneyRequest {
    type Response = SendMoneyResponse;

    const INFO: &'static OperationInfo = &OperationInfo {
        name: "sendMoney",
        path_fragment: "sendMoney",
        action: "sendMoney",
        status_query: Some("askStatus"),
        status_query_delay: Some(300),
        retry: Retry::AfterStatusQuery,
        ..BASE
    };

    fn transaction_ids(&self) -> Vec<&str> {
        vec![&self.control_number]
    }
}

/// Reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AskStatusRequest {
    pub(crate) control_number: String,
}

impl AskStatusRequest {
    pub(crate) fn sample() -> Self {
        Self {
            control_number: "SKY9912345678".to_owned(),
        }
    }
}

impl Validate for AskStatusRequest {
    fn check(&self, _: &mut Violations) {}
}

impl Operation for AskStatusRequest {
    type Response = AskStatusResponse;

    const INFO: &'static OperationInfo = &OperationInfo {
        name: "askStatus",
        path_fragment: "askStatus",
        action: "askStatus",
        mode: Mode::Synchronous,
        effect: Effect::Reads,
        retry: Retry::Safe,
        partner_codes: Some((8000, 8999)),
        ..BASE
    };

    fn transaction_ids(&self) -> Vec<&str> {
        vec![&self.control_number]
    }
}

/// May only be acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TellProgressRequest {
    pub(crate) control_number: String,
}

impl Validate for TellProgressRequest {
    fn check(&self, _: &mut Violations) {}
}

impl Operation for TellProgressRequest {
    type Response = SendMoneyResponse;

    const INFO: &'static OperationInfo = &OperationInfo {
        name: "tellProgress",
        path_fragment: "tellProgress",
        action: "tellProgress",
        direction: Direction::ToPartner,
        mode: Mode::Notification,
        effect: Effect::ChangesState,
        ..BASE
    };

    fn transaction_ids(&self) -> Vec<&str> {
        vec![&self.control_number]
    }
}

/// One of two that share an action. Its answers may lack a return code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListColoursRequest {}

/// The other one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListShapesRequest {}

macro_rules! list {
    ($request:ty, $name:literal) => {
        impl Validate for $request {
            fn check(&self, _: &mut Violations) {}
        }

        impl Operation for $request {
            type Response = ListResponse;

            const INFO: &'static OperationInfo = &OperationInfo {
                name: $name,
                path_fragment: concat!("list.", $name),
                action: "list",
                constants: &[("listType", $name), ("versionDate", "")],
                mode: Mode::Synchronous,
                effect: Effect::Reads,
                retry: Retry::Safe,
                code_required: false,
                ..BASE
            };

            fn transaction_ids(&self) -> Vec<&str> {
                Vec::new()
            }
        }
    };
}

list!(ListColoursRequest, "listColours");
list!(ListShapesRequest, "listShapes");

pub(crate) const OPERATIONS: &[&OperationInfo] = &[
    SendMoneyRequest::INFO,
    AskStatusRequest::INFO,
    TellProgressRequest::INFO,
    ListColoursRequest::INFO,
    ListShapesRequest::INFO,
];

macro_rules! answer {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) response_time: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) response_code: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) response_description: Option<String>,
            $($(#[$field_meta])* pub(crate) $field: $type,)*
        }

        impl Response for $name {
            type Code = String;

            fn response_time(&self) -> Option<DateTime> {
                None
            }

            fn response_code(&self) -> Option<&str> {
                self.response_code.as_deref()
            }

            fn response_description(&self) -> Option<&str> {
                self.response_description.as_deref()
            }

            fn fill_header(&mut self, values: &HeaderValues<'_>) {
                self.response_time = Some(values.time.to_string());
                self.response_code = Some(values.code.to_owned());
                self.response_description = Some(values.description.to_owned());
            }
        }
    };
}

answer!(SendMoneyResponse {});
answer!(AskStatusResponse { status: String });
answer!(ListResponse { items: Vec<String> });

impl Validate for SendMoneyResponse {
    fn check(&self, _: &mut Violations) {}
}

impl Validate for AskStatusResponse {
    fn check(&self, at: &mut Violations) {
        at.text("status", &self.status, ..=10, None);
    }
}

impl Validate for ListResponse {
    fn check(&self, _: &mut Violations) {}
}
