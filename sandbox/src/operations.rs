//! The operations of the document: by name, by direction, and with what their types do.

use schemars::{Schema, schema_for};
use serde_json::Value;
use skypay_runtime::read::{self, ReadError};
use skypay_types::{Direction, OPERATIONS, Operation, OperationInfo};

use crate::ordered_json::OrderedJson;

/// Returns the operation or callback with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static OperationInfo> {
    OPERATIONS.iter().copied().find(|info| info.name == name)
}

/// Returns the operations that SkyPay serves.
pub fn of_skypay() -> impl Iterator<Item = &'static OperationInfo> + Clone {
    of(Direction::ToProvider)
}

/// Returns the callbacks, which a partner serves.
pub fn callbacks() -> impl Iterator<Item = &'static OperationInfo> + Clone {
    of(Direction::ToPartner)
}

fn of(direction: Direction) -> impl Iterator<Item = &'static OperationInfo> + Clone {
    let all = OPERATIONS.iter().copied();
    all.filter(move |info| info.direction == direction)
}

/// Returns the names of the personal fields of all operations. Any message may
/// hold them: a partner may answer with what its operation does not have.
#[must_use]
pub fn personal_data() -> Vec<&'static str> {
    let all = OPERATIONS.iter().flat_map(|info| info.personal_data);
    all.copied().collect()
}

/// Reads a message, and writes it with its fields in the order of the document.
type Reader = fn(&[u8]) -> Result<OrderedJson, ReadError>;

/// The types of an operation or a callback.
pub(crate) struct Types {
    name: &'static str,
    /// The name of the method in the generated traits.
    pub(crate) method: &'static str,
    /// The name of the type of its request.
    pub(crate) request: &'static str,
    pub(crate) schema: fn() -> Schema,
    pub(crate) read_request: Reader,
    pub(crate) read_response: Reader,
}

macro_rules! types {
    ($($group:ident { $($method:ident($request:ident) -> $response:ident;)* })*) => {
        const TYPES: &[Types] = &[$($(Types {
            name: <skypay_types::$request as Operation>::INFO.name,
            method: stringify!($method),
            request: stringify!($request),
            schema: || schema_for!(skypay_types::$request),
            read_request: |text| read::from_slice::<skypay_types::$request>(text).map(|read| OrderedJson::of(&read)),
            read_response: |text| read::from_slice::<skypay_types::$response>(text).map(|read| OrderedJson::of(&read)),
        }),*),*];
    };
}

skypay_types::with_operations!(types);

/// Returns the types of the operation or callback with this name.
pub(crate) fn types_of(name: &str) -> Option<&'static Types> {
    TYPES.iter().find(|types| types.name == name)
}

/// A message between a partner and SkyPay.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    /// The request of an operation or callback.
    Request(&'a Value),
    /// The response to it.
    Response(&'a Value),
}

impl Message<'_> {
    /// Returns the fields in the order of the document; those that it does not have, or
    /// all of a message that cannot be read, follow in the order of their names.
    pub(crate) fn ordered(self, operation: &str) -> OrderedJson {
        let (Self::Request(plaintext) | Self::Response(plaintext)) = self;
        let message = OrderedJson::of(plaintext);
        let read = types_of(operation).and_then(|types| {
            let read = match self {
                Self::Request(_) => types.read_request,
                Self::Response(_) => types.read_response,
            };
            read(plaintext.to_string().as_bytes()).ok()
        });
        match read {
            Some(read) => message.sorted_like(&read),
            None => message,
        }
    }
}
