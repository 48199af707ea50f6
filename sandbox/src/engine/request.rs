//! Request processing: authentication, validation, scripted outcomes, and the operation
//! itself.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde_json::{Value, json};
use skypay_runtime::read;
use skypay_types::{
    Amount, Effect, Operation, OperationInfo, Outcome, PayoutChannel, ResponseCode,
};

use super::answer::CommandOutcome;
use super::behaviors;
use super::command::{Rejected, Request};
#[allow(
    unused_imports,
    reason = "used as soon as an operation has no method of its own"
)]
use super::example::Examples;
use super::fault::{Fault, Side, WireFault};
use super::magic::{self, Meaning};
use super::refused::{Refused, lists, text_of};
use super::rule::{Then, When};
use super::timestamp::Duration;
use super::transaction::{ScheduledEvent, Transaction, present};
use crate::operations;

/// The most copies of a message that are delivered at once.
pub(crate) const MOST_COPIES: u32 = 1000;

/// The properties of a message that rules match.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFacts {
    pub(crate) operation: String,
    pub(crate) transaction_ids: Vec<String>,
    pub(crate) channel: Option<PayoutChannel>,
    pub(crate) account: Option<String>,
    pub(crate) amount: Option<Amount>,
}

impl RequestFacts {
    /// Extracts the facts of a message from its serialized plaintext.
    pub(crate) fn of(operation: &str, transaction_ids: Vec<String>, plaintext: &Value) -> Self {
        let text = |field: &str| text_of_field(plaintext, field);
        Self {
            operation: operation.to_owned(),
            transaction_ids,
            channel: text("withdrawChannel").map(PayoutChannel::from),
            account: text("accountNo"),
            amount: text("amount").and_then(|amount| Amount::from_str(&amount).ok()),
        }
    }
}

/// Returns a string or number field of a message as text.
pub(crate) fn text_of_field(plaintext: &Value, field: &str) -> Option<String> {
    match plaintext.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl When {
    pub(crate) fn fits(&self, facts: &RequestFacts) -> bool {
        let subject = self.subject.as_deref().is_none_or(|pattern| {
            let mut subjects = facts.transaction_ids.iter();
            subjects.any(|subject| is_like(pattern, subject))
        });
        let account = self.account.as_deref().is_none_or(|pattern| {
            let account = facts.account.as_deref();
            account.is_some_and(|account| is_like(pattern, account))
        });
        let operation = self.operation.as_ref();
        let channel = self.channel.as_ref();
        subject
            && account
            && operation.is_none_or(|operation| *operation == facts.operation)
            && channel.is_none_or(|channel| facts.channel.as_ref() == Some(channel))
            && self
                .at_least
                .is_none_or(|least| facts.amount >= Some(least))
            && self
                .at_most
                .is_none_or(|most| facts.amount.is_some_and(|amount| amount <= most))
    }
}

/// Whether `text` matches `pattern`, in which `*` matches any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(before) else {
        return false;
    };
    let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.any(|at| rest.get(at..).is_some_and(|rest| is_like(after, rest)))
}

/// The result of an operation.
type Served = Result<Value, Refused>;

/// Dispatches each operation of SkyPay to the method of its name, or to that of
/// [`Examples`] if there is no such method.
macro_rules! serve_any {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        $($callbacks:ident { $($rest:tt)* })*
    ) => {
        impl Transaction<'_> {
            fn serve_any(&mut self, request: &Request) -> Option<(CommandOutcome, Vec<WireFault>)> {
                $(if request.operation == <skypay_types::$request as Operation>::INFO.name {
                    return Some(self.serve(request, Self::$method));
                })*
                None
            }
        }
    };
}

skypay_types::with_operations!(serve_any);

impl Transaction<'_> {
    /// Executes a request and returns its outcome and the faults to inject.
    pub(crate) fn request(&mut self, request: &Request) -> (CommandOutcome, Vec<WireFault>) {
        self.serve_any(request).unwrap_or_else(|| {
            let why = format!("SkyPay has no operation {:?}", request.operation);
            (CommandOutcome::InvalidCommand { why }, Vec::new())
        })
    }

    pub(crate) fn serve<O: Operation>(
        &mut self,
        request: &Request,
        handle: fn(&mut Self, &O) -> Result<O::Response, Refused>,
    ) -> (CommandOutcome, Vec<WireFault>) {
        let info = O::INFO;
        let read = self
            .admit(info, request)
            .and_then(|()| decode::<O>(request));
        let plaintext = read.as_ref().ok().map(serde_json::to_value);
        let plaintext = plaintext.and_then(Result::ok).unwrap_or(Value::Null);
        let transaction_ids = read
            .as_ref()
            .map(Operation::transaction_ids)
            .unwrap_or_default();
        let transaction_ids: Vec<_> = transaction_ids.into_iter().map(str::to_owned).collect();
        let facts = RequestFacts::of(info.name, transaction_ids, &plaintext);
        let admitted = read.is_ok();
        let Mishap {
            executed,
            answered,
            wire,
        } = self.mishap(info, request, &facts);
        // A rejected caller does not receive injected codes.
        let answered = answered.filter(|_| admitted);
        let served = if executed {
            read.and_then(|typed| self.execute(info, &typed, &facts, handle))
        } else {
            Err(Refused::because(ResponseCode::ServiceNotAvailable))
        };
        let served = match answered {
            Some(code) => Err(Refused::because(code)),
            None => served,
        };
        let cause = self.cause.take();
        let mut why = None;
        let answer = match served {
            _ if wire.contains(&WireFault::CutBefore) => {
                why = cause;
                CommandOutcome::NoResponse
            }
            Ok(plaintext) => CommandOutcome::Accepted {
                plaintext,
                is_example: self.is_example,
            },
            Err(refused) => {
                // A rejected caller receives the code of its rejection.
                let cause = cause.filter(|_| admitted);
                why = cause.or_else(|| Some(refused.reason(info)));
                CommandOutcome::Refused {
                    description: refused.description(info),
                    code: refused.code,
                }
            }
        };
        self.age = Duration::NONE;
        self.note_request(request, &facts, &answer, executed, &wire, why.as_deref());
        (answer, wire)
    }

    fn execute<O: Operation>(
        &mut self,
        info: &'static OperationInfo,
        typed: &O,
        facts: &RequestFacts,
        handle: fn(&mut Self, &O) -> Result<O::Response, Refused>,
    ) -> Served {
        let then = self.scripted(facts);
        if let Some(code) = then.refuse.clone().filter(|code| lists(info, code)) {
            return Err(match then.description.clone() {
                Some(description) => Refused::saying(code, description),
                None => Refused::because(code),
            });
        }
        typed
            .validate()
            .map_err(|invalid| Refused::invalid(info, &invalid))?;
        self.scripted = then;
        let response = handle(self, typed);
        self.scripted = Then::default();
        serde_json::to_value(response?).map_err(|_| Refused::because(ResponseCode::UnexpectedError))
    }

    /// Records a request that was rejected before its operation was executed.
    pub(crate) fn rejected(&mut self, rejected: &Rejected) {
        let Rejected {
            operation,
            number,
            status,
            why,
            plaintext,
        } = rejected;
        let details = json!({ "status": status, "why": why, "operation": operation });
        let personal = plaintext
            .as_ref()
            .map_or(Value::Null, |text| json!({ "request": text }));
        let subject = number.as_deref().unwrap_or_default();
        self.record_event_with("request-rejected", subject, present(details), personal);
    }

    /// Checks that the caller is allowed and authenticated.
    fn admit(&self, info: &OperationInfo, request: &Request) -> Result<(), Refused> {
        if !self.allows(request.peer) {
            let code = ResponseCode::AddressNotWhitelisted;
            let peer = request.peer.map(|peer| peer.to_string());
            let text = text_of(info, &code).replace("xxx", &peer.unwrap_or_default());
            return Err(Refused::saying(code, text));
        }
        if !request.authenticated {
            return Err(Refused::because(ResponseCode::VerificationFailed));
        }
        Ok(())
    }

    fn allows(&self, peer: Option<IpAddr>) -> bool {
        let list = &self.state.settings.allow_list;
        list.is_empty() || peer.is_some_and(|peer| list.iter().any(|entry| covers(entry, peer)))
    }

    /// Returns the outcome of the first matching rule, and counts its use.
    pub(crate) fn scripted(&mut self, facts: &RequestFacts) -> Then {
        let mut rules = self.state.rules.iter_mut();
        let found = rules.find(|numbered| {
            let rule = &numbered.rule;
            numbered.is_in_force(rule.times) && rule.when.fits(facts)
        });
        let Some(found) = found else {
            return Then::default();
        };
        found.applied += 1;
        let then = found.rule.then.clone();
        if let Some(code) = &then.refuse {
            self.cause = Some(format!("rule {} refuses it with {code}", found.id));
        }
        then
    }

    /// Executes a request that arrived late or again.
    pub(crate) fn execute_copy(&mut self, request: &Request) {
        self.is_copy = true;
        self.request(request);
        self.is_copy = false;
    }

    /// Selects what goes wrong with a request.
    fn mishap(&mut self, info: &OperationInfo, request: &Request, facts: &RequestFacts) -> Mishap {
        let amount = facts.amount.filter(|_| !facts.transaction_ids.is_empty());
        let mut answered = match amount.and_then(magic::meaning_of) {
            Some(Meaning::Answered(code)) if lists(info, code) => Some(code.clone()),
            _ => None,
        };
        self.cause = answered
            .as_ref()
            .map(|code| format!("the centavos of its amount select the answer {code}"));
        let mut wire = Vec::new();
        let faults = if self.is_copy {
            Vec::new()
        } else {
            self.faults_for(Side::Requests, facts)
        };
        for (id, fault) in faults {
            match fault {
                Fault::Wire(WireFault::Duplicate { copies }) => {
                    let cause = self.cause.take();
                    for _ in 1..copies.clamp(1, MOST_COPIES) {
                        self.execute_copy(request);
                    }
                    self.cause = cause;
                    wire.push(WireFault::Duplicate { copies });
                }
                Fault::Wire(WireFault::Garble { .. }) => {
                    let seed = self.state.random.number();
                    wire.push(WireFault::Garble { seed });
                }
                Fault::Wire(fault) => wire.push(fault),
                Fault::Answer { code } if lists(info, &code) => {
                    self.cause = Some(format!("fault {id} answers {code}"));
                    answered = Some(code);
                }
                Fault::Late { by } => {
                    self.cause = Some(format!("fault {id} lets it arrive {by} later"));
                    let arrival = ScheduledEvent::Arrive(Box::new(request.clone()));
                    self.schedule(self.at.plus(by), arrival);
                    wire.push(WireFault::CutBefore);
                }
                Fault::Stale { by } => self.age = by,
                Fault::Answer { .. } | Fault::Drop => {}
            }
        }
        let executed = !wire.contains(&WireFault::CutBefore)
            && match &answered {
                None => true,
                Some(code) if info.outcome_of(code.as_str()) == Outcome::Unknown => {
                    match self.state.behavior(behaviors::FAILURES) {
                        "executed" => true,
                        "chance" => self.state.random.happens(50),
                        _ => false,
                    }
                }
                Some(_) => false,
            };
        Mishap {
            executed,
            answered,
            wire,
        }
    }

    /// Selects the faults whose rules match, with the ids of the rules, and counts their
    /// use.
    pub(crate) fn faults_for(&mut self, side: Side, facts: &RequestFacts) -> Vec<(u64, Fault)> {
        let info = operations::find(&facts.operation);
        let reads = info.is_some_and(|info| info.effect == Effect::Reads);
        let mut found = Vec::new();
        for numbered in &mut self.state.faults {
            let rule = &numbered.rule;
            let affected =
                rule.on == side || (rule.on == Side::Queries && side == Side::Requests && reads);
            if !numbered.is_in_force(rule.times) || !affected || !rule.when.fits(facts) {
                continue;
            }
            if self.state.random.happens(rule.percent) {
                numbered.applied += 1;
                found.push((numbered.id, rule.fault.clone()));
            }
        }
        found
    }

    fn note_request(
        &mut self,
        request: &Request,
        facts: &RequestFacts,
        answer: &CommandOutcome,
        executed: bool,
        wire: &[WireFault],
        why: Option<&str>,
    ) {
        let code = match answer {
            CommandOutcome::Accepted { .. } => ResponseCode::Success.as_str(),
            CommandOutcome::Refused { code, .. } => code.as_str(),
            _ => "none",
        };
        let is_example = self.is_example && matches!(answer, CommandOutcome::Accepted { .. });
        let details = present(json!({
            "operation": request.operation,
            "code": code,
            "executed": (!executed).then_some(false),
            "why": why,
            "copy": self.is_copy.then_some(true),
            "faults": (!wire.is_empty()).then_some(wire),
            "answered_with": is_example.then_some("the document's example"),
        }));
        let subject = facts.transaction_ids.first().cloned().unwrap_or_default();
        let personal = json!({ "request": request.plaintext, "answer": answer });
        self.record_event_with("request", &subject, details, personal);
    }
}

/// What goes wrong with a request.
struct Mishap {
    executed: bool,
    /// The code to respond with, whether the request is executed or not.
    answered: Option<ResponseCode>,
    wire: Vec<WireFault>,
}

fn decode<O: Operation>(request: &Request) -> Result<O, Refused> {
    let unreadable = |why: String| Refused::explained(ResponseCode::InvalidContext, why);
    let text =
        serde_json::to_vec(&request.plaintext).map_err(|error| unreadable(error.to_string()))?;
    read::from_slice(&text).map_err(|error| unreadable(error.to_string()))
}

/// Whether an address, or a network such as `10.0.0.0/8`, contains a peer.
fn covers(entry: &str, peer: IpAddr) -> bool {
    network(entry).is_some_and(|network| network.contains(&peer.to_canonical()))
}

/// Returns the network that an entry of the allow list names.
pub(super) fn network(entry: &str) -> Option<IpNet> {
    let entry = entry.trim();
    let address = || entry.parse::<IpAddr>().ok().map(IpNet::from);
    entry.parse::<IpNet>().ok().or_else(address)
}

#[cfg(test)]
mod tests {
    use super::{covers, is_like};

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("SKY98*", "SKY9800000101", true),
            ("*0101", "SKY9800000101", true),
            ("SKY*01*1", "SKY9800000101", true),
            ("*", "", true),
            ("SKY99*", "SKY9800000101", false),
            ("SKY98", "SKY9800000101", false),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn networks_cover_their_addresses() {
        for (entry, peer, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("::1", "::1", true),
            ("::/0", "::2", true),
            ("fe80::/16", "fe81::1", false),
            ("nonsense", "::1", false),
            ("10.0.0.0/x", "10.0.0.0", false),
        ] {
            assert_eq!(
                covers(entry, peer.parse().unwrap()),
                expected,
                "{entry} {peer}"
            );
        }
    }
}
