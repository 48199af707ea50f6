//! The operations of the document, by name and by direction.

use skypay_types::{Direction, OPERATIONS, OperationInfo};

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
