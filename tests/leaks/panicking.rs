//! An implementation of both traits that panics with the request in its message.

use std::fmt::Debug;

use skypay_server::{Context, NotStored, PartnerCallbacks, Refusal, SkypayApi, Stored};

/// When the handler panics.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Panicking {
    AtOnce,
    AfterWaiting,
}

/// The prefix of the panic message.
pub(crate) const SAID: &str = "the handler cannot go on with";

impl Panicking {
    async fn panic<T>(self, context: &Context, request: impl Debug) -> T {
        if matches!(self, Self::AfterWaiting) {
            tokio::task::yield_now().await;
        }
        // Without the caller, whose name the context shows and which is not secret.
        let at = (context.operation, context.received_at, context.peer);
        panic!("{SAID} {request:?}\n{request:#?}\n{at:?}");
    }
}

macro_rules! implement {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($notice_request:ident) -> $notice_response:ident;)* }
        inquiries { $($inquiry:ident($inquiry_request:ident) -> $inquiry_response:ident;)* }
    ) => {
        impl SkypayApi for Panicking {
            $(async fn $method(
                &self,
                context: &Context,
                request: skypay_types::$request,
            ) -> Result<skypay_types::$response, Refusal> {
                self.panic(context, request).await
            })*
        }

        impl PartnerCallbacks for Panicking {
            $(async fn $notice(
                &self,
                context: &Context,
                request: skypay_types::$notice_request,
            ) -> Result<Stored, NotStored> {
                self.panic(context, request).await
            })*

            $(async fn $inquiry(
                &self,
                context: &Context,
                request: skypay_types::$inquiry_request,
            ) -> Result<skypay_types::$inquiry_response, Refusal> {
                self.panic(context, request).await
            })*
        }
    };
}

skypay_types::with_operations!(implement);
