//! The server: receives HTTP requests, runs their handlers, and replies.
//!
//! [`Envelope`] and [`Dispatcher`] are `tower` services. All failures before the
//! handler have the same reply, so that a sender cannot find out how far a forged
//! message was processed.

use crate::operation::{HeaderFields, OperationInfo};

mod config;
mod dispatcher;
mod envelope;
mod plaintext;
mod reply;
mod serve;

pub use config::{Config, PeerAddr};
pub use dispatcher::Dispatcher;
pub use envelope::Envelope;
pub use plaintext::{PlaintextRequest, RejectReason};
pub use reply::{Context, HandlerResult, NotStored, Refusal, Reply, ReplyOutcome, Stored, respond};
pub use serve::{Serve, serve};

/// The general part of responses, from the document; generated code supplies it.
#[derive(Debug)]
pub struct Protocol {
    /// The names of the header fields.
    pub header: &'static HeaderFields,
    /// The description of an accepted request.
    pub accepted: &'static str,
    /// Code and description of the uniform rejection.
    pub unreadable: (&'static str, &'static str),
    /// Code and description if responding failed on this side, so that the outcome
    /// is unknown.
    pub failed: (&'static str, &'static str),
    /// Code and description if a notification was not stored.
    pub not_stored: (&'static str, &'static str),
    /// Code and description if an operation is not offered; used if the operation
    /// lists the code or leaves it to partners.
    pub not_offered: (&'static str, &'static str),
    /// The maximum length of a refusal's description, in characters.
    pub description_limit: usize,
    /// The name of the path parameter that identifies the caller.
    pub caller_parameter: &'static str,
}

/// The handlers of a set of operations. [`dispatch!`](crate::dispatch) implements
/// it for a generated trait.
pub trait Handler: Send + Sync + 'static {
    /// The operations that are handled.
    const OPERATIONS: &'static [&'static OperationInfo];

    /// The general part of responses.
    const PROTOCOL: &'static Protocol;

    /// Handles an authenticated request through [`respond`]. The operation,
    /// [`Context::operation`](Context#structfield.operation), is one of
    /// [`Self::OPERATIONS`].
    fn handle(&self, context: &Context, plaintext: &[u8]) -> impl Future<Output = Reply> + Send;
}

/// Declares the [`Handler`] of a generated trait, with a row per method and the
/// type of its request.
#[macro_export]
macro_rules! dispatch {
    (
        struct $adapter:ident for $api:ident, $protocol:expr;
        $($method:ident: $request:ident,)*
    ) => {
        struct $adapter<T>(T);

        impl<T: $api> $crate::server::Handler for $adapter<T> {
            const OPERATIONS: &'static [&'static $crate::OperationInfo] =
                &[$(<$request as $crate::Operation>::INFO),*];

            const PROTOCOL: &'static $crate::server::Protocol = $protocol;

            #[allow(deprecated, reason = "a deprecated operation is still served")]
            async fn handle(
                &self,
                context: &$crate::server::Context,
                plaintext: &[u8],
            ) -> $crate::server::Reply {
                let name = context.operation.name;
                $(if name == <$request as $crate::Operation>::INFO.name {
                    let handle = |request: $request| self.0.$method(context, request);
                    return $crate::server::respond(context, plaintext, handle).await;
                })*
                context.not_implemented()
            }
        }
    };
}
