//! Observes the communication of two running versions.

#![expect(clippy::similar_names, reason = "both sides are called what they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use codegen::model::{Api, Mode, Operation, Outcome};
use serde_json::{Value, json};
use spec_tools::diff::{Part, Wire};

use crate::groups::Edition;
use crate::peer::Peer;
use crate::samples::samples;
use crate::schemas::{OnWire, as_read, properties};

/// A version of the document, and a process that runs it.
#[derive(Debug)]
pub(crate) struct Version {
    api: Api,
    wire: BTreeMap<String, OnWire>,
    peer: Peer,
}

/// The observed result: the first of the worst.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// The impact on the wire.
    pub(crate) wire: Wire,
    /// The evidence.
    pub(crate) evidence: String,
    /// The number of messages sent.
    pub(crate) messages: usize,
}

/// Messages that only one of two versions builds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Built {
    /// A message that the old version accepts and the new one refuses.
    pub(crate) lost: Option<String>,
    /// A message that the new version accepts and the old one refuses.
    pub(crate) gained: Option<String>,
}

static NOTHING: Value = Value::Null;

impl Version {
    /// Starts a process that runs a version.
    pub(crate) fn start(edition: &Edition, program: &Path, schemas: &Path) -> Result<Self, String> {
        Ok(Self {
            api: edition.generated.api.clone(),
            wire: edition.wire.clone(),
            peer: Peer::start(program, schemas)?,
        })
    }

    fn operation(&self, name: &str) -> Option<Operation> {
        let mut operations = self.api.operations.iter();
        operations.find(|operation| operation.name == name).cloned()
    }

    fn tree(&self, name: &str, part: Part) -> &Value {
        self.wire
            .get(name)
            .map_or(&NOTHING, |operation| operation.part(part))
    }

    /// Returns the paths of all fields of a message.
    fn fields(&self, name: &str, part: Part) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        fields("", self.tree(name, part), &mut found);
        found
    }

    /// Returns the violations of the version's document in a message, as it is read.
    fn complaints(
        &mut self,
        name: &str,
        part: Part,
        message: &Value,
    ) -> Result<BTreeSet<String>, String> {
        let mut found = BTreeSet::new();
        let tree = self.tree(name, part);
        if tree.is_null() {
            return Ok(found);
        }
        let read = as_read(tree, message);
        walk("", tree, &read, &mut |path, schema, value| {
            let text = value.as_str().unwrap_or_default();
            let least = schema["x-skypay-minimum"].as_str();
            let least = least.and_then(|least| least.parse::<f64>().ok());
            if least.is_some_and(|least| text.parse().is_ok_and(|amount: f64| amount < least)) {
                found.insert(format!("{path} x-skypay-minimum"));
            }
            let length = match schema["x-skypay-type"].as_str() {
                Some("date-time-fraction") if value.is_string() => 24,
                Some("date-time") if value.is_string() => 19,
                _ => text.len(),
            };
            if text.len() != length {
                found.insert(format!("encoding {path} x-skypay-type"));
            }
        });
        let schema = format!("{name}/{part:?}");
        let answer = self
            .peer
            .order(&json!({ "do": "check", "schema": schema, "value": read }))?;
        for complaint in answer["complaints"].as_array().into_iter().flatten() {
            let (at, rule) = (text(&complaint["at"]), text(&complaint["rule"]));
            let encoding = if rule.ends_with("/type") {
                "encoding "
            } else {
                ""
            };
            found.insert(format!("{encoding}{at} {rule}"));
        }
        Ok(found)
    }
}

/// Makes a caller call a callee, with all messages that each may send for an operation.
pub(crate) fn observe(
    caller: &mut Version,
    callee: &mut Version,
    caller_is_old: bool,
    name: &str,
) -> Result<Observed, String> {
    let observed = Observed {
        wire: Wire::Ok,
        evidence: "everything came through".to_owned(),
        messages: 0,
    };
    let Some(calling) = caller.operation(name) else {
        // The caller does not have this operation.
        return Ok(observed);
    };
    let called = callee.operation(name);
    let requests = messages(caller, callee, &calling, Part::Request);
    let called_of = called.as_ref();
    let responses = called_of.map_or_else(Vec::new, |called| {
        messages(callee, caller, called, Part::Response)
    });
    let mut watch = Watch {
        caller,
        callee,
        caller_is_old,
        calling,
        observed,
        came: BTreeSet::new(),
        heard: BTreeSet::new(),
    };
    let plan = watch.usual_answer(&requests, &responses)?;
    let usual = watch.requests(&requests, &plan)?;
    let Some(called) = called else {
        watch.note(
            Wire::Break,
            "the callee does not know the operation".to_owned(),
        );
        return Ok(watch.observed);
    };
    if let Some(usual) = usual.filter(|_| called.mode != Mode::Notification) {
        watch.responses(&usual, &responses)?;
        watch.codes(&called, &usual)?;
    }
    watch.missing();
    // An empty result proves nothing: where nothing failed, messages must have
    // been received.
    let modes = [watch.calling.mode, called.mode];
    let expected = if modes.contains(&Mode::Notification) {
        1
    } else {
        2
    };
    if watch.observed.wire != Wire::Break && watch.heard.len() < expected {
        return Err(format!("{name}: no valid message was found to send"));
    }
    Ok(watch.observed)
}

/// Returns the messages of an operation that a version may send, around its
/// difference from another.
fn messages(sender: &Version, receiver: &Version, operation: &Operation, part: Part) -> Vec<Value> {
    let examples = match part {
        Part::Request => &operation.request_examples,
        Part::Response => &operation.response_examples,
    };
    let examples = examples.iter().map(|example| &example.value);
    let examples = examples.filter(|value| {
        let code = &value["responseCode"];
        let mut codes = operation.codes.iter();
        code.is_null() || codes.any(|row| row.outcome == Outcome::Accepted && *code == *row.code)
    });
    let examples: Vec<_> = examples.cloned().collect();
    let name = &operation.name;
    samples(
        &examples,
        sender.tree(name, part),
        receiver.tree(name, part),
    )
}

/// The record of one side calling the other.
struct Watch<'v> {
    caller: &'v mut Version,
    callee: &'v mut Version,
    /// Whether the caller has the old version; otherwise the callee has it.
    caller_is_old: bool,
    calling: Operation,
    observed: Observed,
    /// The received fields, by part.
    came: BTreeSet<(Part, String)>,
    /// The parts of which messages were received.
    heard: BTreeSet<Part>,
}

impl Watch<'_> {
    fn note(&mut self, wire: Wire, evidence: String) {
        if wire > self.observed.wire {
            self.observed.wire = wire;
            self.observed.evidence = evidence;
        }
    }

    /// Whether the side with the old version sends this part.
    fn old_sends(&self, part: Part) -> bool {
        (part == Part::Request) == self.caller_is_old
    }

    /// Makes one call: returns its outcome, and what the callee recorded; `None`
    /// if the request cannot be built.
    fn exchange(&mut self, request: &Value, plan: &Value) -> Result<Option<[Value; 2]>, String> {
        let name = &self.calling.name;
        self.callee
            .peer
            .order(&json!({ "do": "plan", "plan": plan }))?;
        let to = self.callee.peer.url();
        let call = json!({ "do": "call", "operation": name, "to": to, "value": request });
        let outcome = self.caller.peer.order(&call)?;
        if outcome["outcome"] == "not-built" {
            return Ok(None);
        }
        let seen = self.callee.peer.order(&json!({ "do": "seen" }))?;
        if seen["request"].is_null() {
            return Err(format!("{name}: nothing arrived: {outcome}"));
        }
        self.observed.messages += 1;
        Ok(Some([outcome, seen]))
    }

    /// Returns the first response that the callee builds and its document allows.
    fn usual_answer(&mut self, requests: &[Value], responses: &[Value]) -> Result<Value, String> {
        for response in responses {
            let plan = json!({ "value": response });
            for request in requests.iter().take(3) {
                let exchange = self.exchange(request, &plan)?;
                if exchange.is_some_and(|[_, seen]| is_answered(&seen)) {
                    return Ok(plan);
                }
            }
        }
        Ok(json!({ "value": responses.first().unwrap_or(&json!({})) }))
    }

    /// Sends every request; returns the first that is received.
    fn requests(&mut self, requests: &[Value], plan: &Value) -> Result<Option<Value>, String> {
        let name = self.calling.name.clone();
        let mut usual = None;
        for request in requests {
            let Some([_, seen]) = self.exchange(request, plan)? else {
                continue;
            };
            let sent = &seen["request"];
            if !self
                .caller
                .complaints(&name, Part::Request, sent)?
                .is_empty()
            {
                continue;
            }
            if seen["reached"] != true {
                self.note(Wire::Break, format!("cannot be read: {sent}"));
                continue;
            }
            self.received(Part::Request, sent)?;
            usual = usual.or_else(|| Some(request.clone()));
        }
        Ok(usual)
    }

    /// Sends every response to one request.
    fn responses(&mut self, request: &Value, responses: &[Value]) -> Result<(), String> {
        let name = self.calling.name.clone();
        for response in responses {
            let Some([outcome, seen]) = self.exchange(request, &json!({ "value": response }))?
            else {
                continue;
            };
            let sent = &seen["answer"];
            if !is_answered(&seen)
                || !self
                    .callee
                    .complaints(&name, Part::Response, sent)?
                    .is_empty()
            {
                continue;
            }
            // A response that the builder accepts may still be refused: then it
            // is not a success.
            if outcome["outcome"] == "accepted" {
                self.received(Part::Response, sent)?;
            } else if sent["responseCode"] == "1000" {
                self.note(Wire::Break, format!("{}: {sent}", text(&outcome["said"])));
            }
        }
        Ok(())
    }

    /// Compares a received message with the receiver's document.
    fn received(&mut self, part: Part, message: &Value) -> Result<(), String> {
        let name = self.calling.name.clone();
        let old_sends = self.old_sends(part);
        let receiver = match part {
            Part::Request => &mut *self.callee,
            Part::Response => &mut *self.caller,
        };
        let complaints = receiver.complaints(&name, part, message)?;
        let known = receiver.fields(&name, part);
        let mut members = BTreeSet::new();
        paths(
            "",
            &as_read(receiver.tree(&name, part), message),
            &mut members,
        );
        for complaint in complaints {
            let breaks = old_sends && !complaint.starts_with("encoding ");
            let wire = if breaks { Wire::Break } else { Wire::Risk };
            self.note(wire, format!("{complaint}: {message}"));
        }
        self.heard.insert(part);
        for path in members {
            if !known.contains(&path) && part == Part::Request && old_sends {
                self.note(Wire::Risk, format!("no reader reads `{path}`: {message}"));
            }
            self.came.insert((part, path));
        }
        Ok(())
    }

    /// Records the fields that the old receiver expects and that never arrive.
    fn missing(&mut self) {
        let (old, new, part) = if self.caller_is_old {
            (&*self.caller, &*self.callee, Part::Response)
        } else {
            (&*self.callee, &*self.caller, Part::Request)
        };
        let name = &self.calling.name;
        if old.tree(name, part) == new.tree(name, part) || !self.heard.contains(&part) {
            return;
        }
        for path in old.fields(name, part) {
            if !self.came.contains(&(part, path.clone())) {
                self.note(Wire::Risk, format!("`{path}` never comes"));
            }
        }
    }

    /// Checks how the caller classifies every code that the callee may respond with.
    fn codes(&mut self, called: &Operation, request: &Value) -> Result<(), String> {
        let meant = |operation: &Operation, code: &str| {
            let mut codes = operation.codes.iter();
            let row = codes.find(|row| row.code == code)?;
            Some(format!("{:?}", row.outcome).to_lowercase())
        };
        for (code, plan) in refusals(called) {
            let Some([outcome, seen]) = self.exchange(request, &plan)? else {
                continue;
            };
            if seen["answer"]["responseCode"] != *code {
                continue;
            }
            let taken = text(&outcome["outcome"]);
            let wire = if let Some(number) = plan["partner"].as_u64() {
                let within = self
                    .calling
                    .partner_codes
                    .is_some_and(|(from, to)| (u64::from(from)..=u64::from(to)).contains(&number));
                match self.old_sends(Part::Response) {
                    _ if within => Wire::Ok,
                    true => Wire::Break,
                    false => Wire::Risk,
                }
            } else {
                // A newer caller may classify a code more accurately than the callee.
                let otherwise = meant(called, &code).as_deref() != Some(taken);
                let known = meant(&self.calling, &code).is_some();
                let risky = !known || otherwise && self.caller_is_old;
                if risky { Wire::Risk } else { Wire::Ok }
            };
            self.note(wire, format!("`{code}` is taken for {taken}"));
        }
        Ok(())
    }
}

/// Whether the handler returned the planned response.
fn is_answered(seen: &Value) -> bool {
    seen["reached"] == true && seen["refused"].is_null()
}

/// Returns the codes with which an operation may be refused, and the plans to do so.
fn refusals(operation: &Operation) -> Vec<(String, Value)> {
    let codes = operation.codes.iter();
    let refused = codes.filter(|code| code.outcome != Outcome::Accepted);
    let listed = refused.map(|code| (code.code.clone(), json!({ "refuse": code.code })));
    let ends = operation.partner_codes.into_iter();
    let ends = ends.flat_map(|(from, to)| [from, to]);
    let ends = ends.map(|number| (number.to_string(), json!({ "partner": number })));
    listed.chain(ends).collect()
}

/// Returns messages of an operation that one version builds and the other does not.
pub(crate) fn built(
    old: &mut Version,
    new: &mut Version,
    name: &str,
    part: Part,
) -> Result<Built, String> {
    let mut built = Built::default();
    let (Some(before), Some(after)) = (old.operation(name), new.operation(name)) else {
        return Ok(built);
    };
    let mut note = |taken: [bool; 2], evidence: &dyn Fn() -> String| match taken {
        [true, false] if built.lost.is_none() => built.lost = Some(evidence()),
        [false, true] if built.gained.is_none() => built.gained = Some(evidence()),
        _ => {}
    };
    let mut values = messages(old, new, &before, part);
    values.extend(messages(new, old, &after, part));
    let known = [old.fields(name, part), new.fields(name, part)];
    for value in values {
        let mut members = BTreeSet::new();
        paths("", &value, &mut members);
        let mut taken = [false; 2];
        for (version, taken) in [&mut *old, &mut *new].into_iter().zip(&mut taken) {
            let order = json!({ "do": "build", "operation": name, "part": format!("{part:?}"), "value": value });
            *taken = version.peer.order(&order)?.get("built").is_some();
        }
        // A version cannot be given a value for a field that it does not have.
        let giver = usize::from(taken[1] && !taken[0]);
        if members.is_subset(&known[giver]) {
            note(taken, &|| value.to_string());
        }
    }
    let modes = [before.mode, after.mode];
    if part == Part::Response && !modes.contains(&Mode::Notification) {
        for (code, plan) in refusals(&before).into_iter().chain(refusals(&after)) {
            let taken = [
                refuses(old, &before, &code, &plan)?,
                refuses(new, &after, &code, &plan)?,
            ];
            note(taken, &|| format!("a refusal with `{code}`"));
        }
    }
    Ok(built)
}

/// Whether a version responds with a code when called by itself.
fn refuses(
    version: &mut Version,
    operation: &Operation,
    code: &str,
    plan: &Value,
) -> Result<bool, String> {
    version.peer.order(&json!({ "do": "plan", "plan": plan }))?;
    for example in &operation.request_examples {
        let (name, to) = (&operation.name, version.peer.url());
        let call = json!({ "do": "call", "operation": name, "to": to, "value": example.value });
        if version.peer.order(&call)?["outcome"] != "not-built" {
            let seen = version.peer.order(&json!({ "do": "seen" }))?;
            return Ok(seen["answer"]["responseCode"] == *code);
        }
    }
    Ok(false)
}

/// Visits every scalar with its path and its schema.
fn walk(path: &str, tree: &Value, message: &Value, visit: &mut dyn FnMut(&str, &Value, &Value)) {
    match message {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}/{name}");
                walk(&path, &tree["properties"][name], value, visit);
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(path, &tree["items"], item, visit);
            }
        }
        value => visit(path, tree, value),
    }
}

/// Collects the paths of all members of a message.
fn paths(path: &str, message: &Value, found: &mut BTreeSet<String>) {
    match message {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}/{name}");
                paths(&path, value, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(path, item, found)),
        _ => {}
    }
}

/// Collects the paths of all fields of a schema.
fn fields(path: &str, tree: &Value, found: &mut BTreeSet<String>) {
    for (name, property) in properties(tree) {
        let path = format!("{path}/{name}");
        fields(&path, property, found);
        fields(&path, &property["items"], found);
        found.insert(path);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
