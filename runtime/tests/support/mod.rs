//! Sample operations, declared in the form of generated code. Their codes are made
//! up, to prove that the runtime contains none. And what acts on them.

#![allow(
    dead_code,
    reason = "`flood.rs` uses a part, and so do the tests of one half alone"
)]

pub(crate) mod log;
#[cfg(feature = "client")]
pub(crate) mod loopback;
#[cfg(feature = "server")]
pub(crate) mod receiver;
#[cfg(feature = "server")]
pub(crate) mod waiting;

use std::time::{Duration, SystemTime};

use skypay_runtime::clock::Clock;
use skypay_runtime::keys::{Credentials, KeyRing};
use skypay_runtime::{DateTime, HeaderFields, Operation, OperationInfo};

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

/// A key ring with the set `first` only.
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

macro_rules! response {
    ($response:ident, $builder:ident { $($row:tt)* }) => {
        skypay_runtime::message! {
            /// A response.
            pub struct $response, $builder {
                /// The time of the response.
                response_time "responseTime": received DateTime as fraction;
                /// The return code.
                response_code "responseCode": optional String;
                /// The description of the return code.
                response_description "responseDescription": received String;
                $($row)*
            }
        }

        skypay_runtime::response!($response: String {
            time response_time always,
            code response_code always,
            description response_description always,
        });
    };
}

/// Declares an operation with the codes that all sample operations share.
macro_rules! operation {
    ($request:ident -> $response:ident { $($fact:tt)* } $($more:tt)*) => {
        skypay_runtime::operation! {
            $request -> $response { $($fact)* header: &HEADER, }
            codes {
                "7000": Outcome::Accepted;
                "-7001": Outcome::Rejected, refuses keys;
                "-7003": Outcome::Rejected;
                "-7004": Outcome::Rejected, retry after Recharge;
                "-7009": Outcome::Unknown;
            }
            $($more)*
        }
    };
}

skypay_runtime::message! {
    /// Moves money.
    pub struct SendMoneyRequest, SendMoneyRequestBuilder {
        /// The transaction.
        control_number "controlNumber": required String;
        /// The payee.
        payee "payee": required String { text(..=50) };
    }
}

response!(SendMoneyResponse, SendMoneyResponseBuilder {});

operation! {
    SendMoneyRequest -> SendMoneyResponse {
        name: "sendMoney",
        path_fragment: "sendMoney",
        action: "sendMoney",
        summary: "",
        direction: Direction::ToProvider,
        mode: Mode::Asynchronous,
        effect: Effect::MovesMoney,
        retry: Retry::AfterStatusQuery,
        code_required: true,
        status_query: Some("askStatus"),
        status_query_delay: Some(300),
    }
    transaction_ids |request| vec![&request.control_number];
}

skypay_runtime::message! {
    /// Reads.
    pub struct AskStatusRequest, AskStatusRequestBuilder {
        /// The transaction.
        control_number "controlNumber": required String;
    }
}

response!(AskStatusResponse, AskStatusResponseBuilder {
    /// The status of the transaction.
    status "status": required String { text(..=10) };
});

operation! {
    AskStatusRequest -> AskStatusResponse {
        name: "askStatus",
        path_fragment: "askStatus",
        action: "askStatus",
        summary: "",
        direction: Direction::ToProvider,
        mode: Mode::Synchronous,
        effect: Effect::Reads,
        retry: Retry::Safe,
        code_required: true,
        partner_codes: Some((8000, 8999)),
    }
    transaction_ids |request| vec![&request.control_number];
}

skypay_runtime::message! {
    /// May only be acknowledged.
    pub struct TellProgressRequest, TellProgressRequestBuilder {
        /// The transaction.
        control_number "controlNumber": required String;
    }
}

operation! {
    TellProgressRequest -> SendMoneyResponse {
        name: "tellProgress",
        path_fragment: "tellProgress",
        action: "tellProgress",
        summary: "",
        direction: Direction::ToPartner,
        mode: Mode::Notification,
        effect: Effect::ChangesState,
        retry: Retry::Never,
        code_required: true,
    }
    transaction_ids |request| vec![&request.control_number];
}

response!(ListResponse, ListResponseBuilder {
    /// The entries.
    items "items": list String;
});

/// Declares one of two operations that share an action. Their responses may lack a
/// return code.
macro_rules! list {
    ($request:ident, $builder:ident, $name:literal) => {
        skypay_runtime::message! {
            /// Reads a list.
            pub struct $request, $builder {}
        }

        operation! {
            $request -> ListResponse {
                name: $name,
                path_fragment: concat!("list.", $name),
                action: "list",
                summary: "",
                direction: Direction::ToProvider,
                mode: Mode::Synchronous,
                effect: Effect::Reads,
                retry: Retry::Safe,
                constants: &[("listType", $name), ("versionDate", "")],
            }
        }
    };
}

list!(ListColoursRequest, ListColoursRequestBuilder, "listColours");
list!(ListShapesRequest, ListShapesRequestBuilder, "listShapes");

impl SendMoneyRequest {
    pub(crate) fn sample() -> Self {
        Self {
            control_number: "SKY9912345678".to_owned(),
            payee: "Rizal,Jose".to_owned(),
        }
    }
}

impl AskStatusRequest {
    pub(crate) fn sample() -> Self {
        Self {
            control_number: "SKY9912345678".to_owned(),
        }
    }
}

impl AskStatusResponse {
    /// A response with any status, even one that exceeds the allowed length.
    pub(crate) fn of(status: impl Into<String>) -> Self {
        let valid = Self::builder().status("").build().unwrap();
        Self {
            status: status.into(),
            ..valid
        }
    }
}

pub(crate) const OPERATIONS: &[&OperationInfo] = &[
    SendMoneyRequest::INFO,
    AskStatusRequest::INFO,
    TellProgressRequest::INFO,
    ListColoursRequest::INFO,
    ListShapesRequest::INFO,
];
