//! Operations without an implementation: the response is the document's example, so
//! that a new operation of the document can be called before it is implemented.

use skypay_runtime::read;
use skypay_types::{Operation, ResponseCode};

use super::refused::Refused;
use super::transaction::Transaction;

macro_rules! examples {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        $($callbacks:ident { $($rest:tt)* })*
    ) => {
        /// A default method for each operation. An inherent method of [`Transaction`]
        /// takes precedence.
        #[allow(dead_code, reason = "those of operations that have their own are not called")]
        pub(crate) trait Examples: Sized {
            /// Returns the document's example of a response to `O`.
            fn example<O: Operation>(&mut self) -> Result<O::Response, Refused>;

            $(fn $method(
                &mut self,
                _: &skypay_types::$request,
            ) -> Result<skypay_types::$response, Refused> {
                self.example::<skypay_types::$request>()
            })*
        }
    };
}

skypay_types::with_operations!(examples);

impl Examples for Transaction<'_> {
    fn example<O: Operation>(&mut self) -> Result<O::Response, Refused> {
        self.is_example = true;
        let example = read::from_slice(O::INFO.response_example.as_bytes());
        example.map_err(|_| Refused::because(ResponseCode::ServiceNotAvailable))
    }
}

#[cfg(test)]
mod tests {
    use skypay_types::{DateTime, Operation};

    use super::Examples;
    use crate::engine::transaction::Transaction;
    use crate::engine::{CommandOutcome, Request, Settings, State};
    use crate::error_scenarios::sample;

    #[test]
    fn every_operation_can_be_answered_with_its_example_which_is_marked() {
        let now: DateTime = "2026-01-05 09:00:00".parse().unwrap();
        macro_rules! check {
            (
                skypay { $($method:ident($request:ident) -> $response:ident;)* }
                $($callbacks:ident { $($rest:tt)* })*
            ) => {
                $({
                    let name = <skypay_types::$request as Operation>::INFO.name;
                    let request = Request::new(name, sample(name).unwrap());
                    let mut state = State::new(Settings::default(), now);
                    let mut transaction = Transaction::new(&mut state);
                    let (answer, _) = transaction.serve(&request, <Transaction<'_> as Examples>::$method);
                    let CommandOutcome::Accepted { is_example: true, .. } = &answer else {
                        panic!("{name}: {answer:?}");
                    };
                    assert!(answer.typed::<skypay_types::$request>().is_ok(), "{name}");
                    let line = transaction.events.last().unwrap().line();
                    assert!(line.contains("the document's example"), "{line}");
                })*
            };
        }
        skypay_types::with_operations!(check);
    }
}
