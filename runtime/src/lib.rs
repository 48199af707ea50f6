//! What the generated `SkyPay` crates share.
