//! What two versions that run say about each other.

#![expect(clippy::similar_names, reason = "both sides are called what they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use codegen::model::{Api, Mode, Operation};
use serde_json::{Value, json};
use spec_tools::diff::{Part, Wire};

use crate::peer::Peer;
use crate::samples::samples;
use crate::schemas::{OnWire, as_read};

/// A version of the document, and a process that speaks it.
#[derive(Debug)]
pub(crate) struct Version {
    /// Its model.
    pub(crate) api: Api,
    /// Its operations as they are on the wire.
    pub(crate) wire: BTreeMap<String, OnWire>,
    peer: Peer,
}

/// Which of the two is from before the edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deployed {
    /// The calling side.
    Caller,
    /// The called side.
    Callee,
}

/// What was seen, worst first seen.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// How it went.
    pub(crate) wire: Wire,
    /// By what that was seen.
    pub(crate) evidence: String,
    /// How many messages were sent.
    pub(crate) messages: usize,
}

/// What can be built by one version and not by another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Built {
    /// Something that the old version takes and the new one refuses.
    pub(crate) lost: Option<String>,
    /// Something that the new version takes and the old one refuses.
    pub(crate) gained: Option<String>,
}

/// The call by which a message is tried.
struct Exchange {
    outcome: Value,
    seen: Value,
}

impl Version {
    /// Starts a process that speaks the version.
    pub(crate) fn start(
        api: Api,
        wire: BTreeMap<String, OnWire>,
        program: &Path,
        schemas: &Path,
    ) -> Result<Self, String> {
        let peer = Peer::start(program, schemas)?;
        Ok(Self { api, wire, peer })
    }

    fn operation(&self, name: &str) -> Option<Operation> {
        let mut operations = self.api.operations.iter();
        operations.find(|operation| operation.name == name).cloned()
    }

    /// What the version's document says against a message, as it is read.
    fn complaints(
        &mut self,
        name: &str,
        part: &str,
        message: &Value,
    ) -> Result<Vec<String>, String> {
        let Some(operation) = self.wire.get(name) else {
            return Ok(Vec::new());
        };
        let tree = match part {
            "request" => &operation.request,
            _ => &operation.response,
        };
        let read = as_read(tree, message);
        let mut found = BTreeSet::new();
        below_minimum(tree, &read, &mut found);
        encoded_otherwise(tree, &read, &mut found);
        let order = json!({ "do": "check", "schema": format!("{name}/{part}"), "value": read });
        let answer = self.peer.tell(&order)?;
        for complaint in answer["complaints"].as_array().into_iter().flatten() {
            let (at, rule) = (text(&complaint["at"]), text(&complaint["rule"]));
            let keyword = rule.rsplit('/').next().unwrap_or_default();
            let spelling = if keyword == "type" { "spelling " } else { "" };
            found.insert(format!("{spelling}{at} {rule}"));
        }
        Ok(found.into_iter().collect())
    }
}

/// Lets a caller call a callee, with everything that each may send of an
/// operation.
pub(crate) fn observe(
    caller: &mut Version,
    callee: &mut Version,
    deployed: Deployed,
    name: &str,
) -> Result<Observed, String> {
    let mut watch = Watch::new(deployed);
    let Some(calling) = caller.operation(name) else {
        // The caller does not call what it does not know.
        return Ok(watch.observed);
    };
    let (requests, responses) = (
        requests(caller, callee, &calling),
        callee
            .operation(name)
            .map_or_else(Vec::new, |called| responses(callee, caller, &called)),
    );
    let plan = watch.usual_answer(caller, callee, &calling, &requests, &responses)?;
    let usual = watch.requests(caller, callee, &calling, &requests, &plan)?;
    if callee.operation(name).is_none() {
        watch.note(
            Wire::Break,
            "the callee does not know the operation".to_owned(),
        );
    }
    if let (Some(usual), Some(called)) = (usual, callee.operation(name))
        && called.mode != Mode::Notification
    {
        watch.responses(caller, callee, &calling, &usual, &responses)?;
        watch.codes(caller, callee, (&calling, &called), &usual)?;
    }
    watch.missing(caller, callee, name);
    watch.silence(caller, callee, name)?;
    Ok(watch.observed)
}

fn requests(sender: &Version, receiver: &Version, operation: &Operation) -> Vec<Value> {
    let examples: Vec<_> = operation
        .request_examples
        .iter()
        .map(|example| example.value.clone())
        .collect();
    let name = &operation.name;
    let one = sender
        .wire
        .get(name)
        .map_or(Value::Null, |wire| wire.request.clone());
    let other = receiver
        .wire
        .get(name)
        .map_or(Value::Null, |wire| wire.request.clone());
    samples(&examples, &one, &other)
}

fn responses(sender: &Version, receiver: &Version, operation: &Operation) -> Vec<Value> {
    let examples: Vec<_> = successes(operation);
    let name = &operation.name;
    let one = sender
        .wire
        .get(name)
        .map_or(Value::Null, |wire| wire.response.clone());
    let other = receiver
        .wire
        .get(name)
        .map_or(Value::Null, |wire| wire.response.clone());
    samples(&examples, &one, &other)
}

/// The examples that are no refusals.
fn successes(operation: &Operation) -> Vec<Value> {
    let accepted = operation
        .codes
        .iter()
        .filter(|code| code.outcome == codegen::model::Outcome::Accepted);
    let accepted: BTreeSet<_> = accepted.map(|code| code.code.as_str()).collect();
    let examples = operation
        .response_examples
        .iter()
        .map(|example| &example.value);
    let code = |value: &Value| {
        value["responseCode"]
            .as_str()
            .is_none_or(|code| accepted.contains(code))
    };
    examples.filter(|value| code(value)).cloned().collect()
}

/// What is kept while one side calls the other.
struct Watch {
    deployed: Deployed,
    observed: Observed,
    /// The fields that came, by part.
    came: BTreeSet<(Part, String)>,
    /// The parts of which messages came at all.
    heard: BTreeSet<Part>,
}

impl Watch {
    fn new(deployed: Deployed) -> Self {
        Self {
            deployed,
            observed: Observed {
                wire: Wire::Ok,
                evidence: String::new(),
                messages: 0,
            },
            came: BTreeSet::new(),
            heard: BTreeSet::new(),
        }
    }

    fn note(&mut self, wire: Wire, evidence: String) {
        if wire > self.observed.wire {
            self.observed.wire = wire;
            self.observed.evidence = evidence;
        }
    }

    /// Whether the side from before the edit sends that part.
    fn sends(&self, part: Part) -> bool {
        (part == Part::Request) == (self.deployed == Deployed::Caller)
    }

    fn exchange(
        &mut self,
        caller: &mut Version,
        callee: &mut Version,
        name: &str,
        request: &Value,
        plan: &Value,
    ) -> Result<Option<Exchange>, String> {
        callee.peer.tell(&json!({ "do": "plan", "plan": plan }))?;
        let call = json!({
            "do": "call", "operation": name, "to": callee.peer.url(), "value": request,
        });
        let outcome = caller.peer.tell(&call)?;
        if ["not-built", "no-operation"].contains(&text(&outcome["outcome"])) {
            return Ok(None);
        }
        let seen = callee.peer.tell(&json!({ "do": "seen" }))?;
        if seen["request"].is_null() {
            return Err(format!("{name}: nothing arrived: {outcome}"));
        }
        self.observed.messages += 1;
        Ok(Some(Exchange { outcome, seen }))
    }

    /// The first answer that the callee builds and its document allows.
    fn usual_answer(
        &mut self,
        caller: &mut Version,
        callee: &mut Version,
        calling: &Operation,
        requests: &[Value],
        responses: &[Value],
    ) -> Result<Value, String> {
        let name = &calling.name;
        for response in responses {
            let plan = json!({ "value": response });
            for request in requests.iter().take(3) {
                let Some(exchange) = self.exchange(caller, callee, name, request, &plan)? else {
                    continue;
                };
                if exchange.seen["reached"] == true && exchange.seen["refused"].is_null() {
                    return Ok(plan);
                }
            }
        }
        Ok(responses
            .first()
            .map_or(json!({}), |response| json!({ "value": response })))
    }

    /// Sends every request; gives the first that comes through.
    fn requests(
        &mut self,
        caller: &mut Version,
        callee: &mut Version,
        operation: &Operation,
        requests: &[Value],
        plan: &Value,
    ) -> Result<Option<Value>, String> {
        let name = &operation.name;
        let mut usual = None;
        for request in requests {
            let Some(Exchange { seen, .. }) = self.exchange(caller, callee, name, request, plan)?
            else {
                continue;
            };
            let sent = &seen["request"];
            if !caller.complaints(name, "request", sent)?.is_empty() {
                continue;
            }
            if seen["reached"] != true {
                self.note(Wire::Break, format!("cannot be read: {sent}"));
                continue;
            }
            self.received(callee, name, Part::Request, sent)?;
            usual = usual.or_else(|| Some(request.clone()));
        }
        Ok(usual)
    }

    /// Sends every answer to one request.
    fn responses(
        &mut self,
        caller: &mut Version,
        callee: &mut Version,
        operation: &Operation,
        request: &Value,
        responses: &[Value],
    ) -> Result<(), String> {
        let name = &operation.name;
        for response in responses {
            let plan = json!({ "value": response });
            let Some(Exchange { outcome, seen }) =
                self.exchange(caller, callee, name, request, &plan)?
            else {
                continue;
            };
            let sent = &seen["answer"];
            let built = seen["reached"] == true && seen["refused"].is_null();
            if !built || !callee.complaints(name, "response", sent)?.is_empty() {
                continue;
            }
            // What the builder takes, the answer may still be refused for: then it is no success.
            if outcome["outcome"] == "accepted" {
                self.received(caller, name, Part::Response, sent)?;
            } else if sent["responseCode"] == "1000" {
                self.note(Wire::Break, format!("{}: {sent}", text(&outcome["said"])));
            }
        }
        Ok(())
    }

    /// What came through is held against the receiver's document.
    fn received(
        &mut self,
        receiver: &mut Version,
        name: &str,
        part: Part,
        message: &Value,
    ) -> Result<(), String> {
        let word = match part {
            Part::Request => "request",
            Part::Response => "response",
        };
        let complaints = receiver.complaints(name, word, message)?;
        for complaint in complaints {
            let spelling = complaint.starts_with("spelling ");
            let wire = if self.sends(part) && !spelling {
                Wire::Break
            } else {
                Wire::Risk
            };
            self.note(wire, format!("{complaint}: {message}"));
        }
        let Some(operation) = receiver.wire.get(name) else {
            return Ok(());
        };
        let tree = match part {
            Part::Request => &operation.request,
            Part::Response => &operation.response,
        };
        let read = as_read(tree, message);
        let mut members = BTreeSet::new();
        paths("", &read, &mut members);
        let mut known = BTreeSet::new();
        fields("", tree, &mut known);
        self.heard.insert(part);
        for path in members {
            if !known.contains(&path) && part == Part::Request && self.sends(part) {
                self.note(Wire::Risk, format!("no reader reads `{path}`: {message}"));
            }
            self.came.insert((part, path));
        }
        Ok(())
    }

    /// What the receiver from before the edit waits for in vain.
    fn missing(&mut self, caller: &Version, callee: &Version, name: &str) {
        let (old, new, part) = match self.deployed {
            Deployed::Caller => (caller, callee, Part::Response),
            Deployed::Callee => (callee, caller, Part::Request),
        };
        let tree = |version: &Version| {
            let wire = version.wire.get(name)?;
            Some(match part {
                Part::Request => wire.request.clone(),
                Part::Response => wire.response.clone(),
            })
        };
        let (Some(old), Some(new)) = (tree(old), tree(new)) else {
            return;
        };
        if old == new || !self.heard.contains(&part) {
            return;
        }
        let mut waited = BTreeSet::new();
        fields("", &old, &mut waited);
        for path in waited {
            if !self.came.contains(&(part, path.clone())) {
                self.note(Wire::Risk, format!("`{path}` never comes"));
            }
        }
    }

    /// Silence proves nothing: where nothing failed, something came through.
    fn silence(&self, caller: &Version, callee: &Version, name: &str) -> Result<(), String> {
        let answers = [caller, callee].into_iter().all(|version| {
            let operation = version.operation(name);
            operation.is_some_and(|operation| operation.mode != Mode::Notification)
        });
        let expected = if answers { 2 } else { 1 };
        if self.observed.wire == Wire::Break || self.heard.len() >= expected {
            return Ok(());
        }
        Err(format!("{name}: no valid message was found to send"))
    }

    /// Every code that the callee may answer, as the caller takes it.
    fn codes(
        &mut self,
        caller: &mut Version,
        callee: &mut Version,
        (calling, called): (&Operation, &Operation),
        request: &Value,
    ) -> Result<(), String> {
        let meant = |operation: &Operation, code: &str| {
            let mut codes = operation.codes.iter();
            let row = codes.find(|row| row.code == code)?;
            Some(format!("{:?}", row.outcome).to_lowercase())
        };
        for code in codes(called) {
            let plan = plan_of(&code);
            let Some(Exchange { outcome, seen }) =
                self.exchange(caller, callee, &calling.name, request, &plan)?
            else {
                continue;
            };
            let number = code.number();
            if seen["answer"]["responseCode"] != json!(number) {
                continue;
            }
            let taken = text(&outcome["outcome"]).to_owned();
            match code {
                Code::Listed(code) => {
                    let (theirs, ours) = (meant(called, &code), meant(calling, &code));
                    // A newer caller knows better than the callee what a code means.
                    let otherwise = theirs.as_deref() != Some(&taken);
                    let risky = otherwise && self.deployed == Deployed::Caller;
                    if ours.is_none() || risky {
                        self.note(Wire::Risk, format!("`{code}` is taken for {taken}"));
                    }
                }
                Code::Partner(number) => {
                    let within = calling
                        .partner_codes
                        .is_some_and(|(from, to)| (from..=to).contains(&number));
                    let wire = if self.sends(Part::Response) {
                        Wire::Break
                    } else {
                        Wire::Risk
                    };
                    if !within {
                        self.note(wire, format!("`{number}` is taken for {taken}"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A code to refuse with.
enum Code {
    Listed(String),
    Partner(u16),
}

impl Code {
    fn number(&self) -> String {
        match self {
            Self::Listed(code) => code.clone(),
            Self::Partner(number) => number.to_string(),
        }
    }
}

fn plan_of(code: &Code) -> Value {
    match code {
        Code::Listed(code) => json!({ "refuse": code }),
        Code::Partner(number) => json!({ "partner": number }),
    }
}

/// The codes with which an operation may be refused.
fn codes(operation: &Operation) -> Vec<Code> {
    let refusals = operation
        .codes
        .iter()
        .filter(|code| code.outcome != codegen::model::Outcome::Accepted);
    let listed = refusals.map(|code| Code::Listed(code.code.clone()));
    let ends = operation
        .partner_codes
        .into_iter()
        .flat_map(|(from, to)| [from, to]);
    listed.chain(ends.map(Code::Partner)).collect()
}

/// What one version builds of a part of an operation and the other does not.
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
    let (names, mut values) = match part {
        Part::Request => (
            (&before.request.name, &after.request.name),
            [requests(old, new, &before), requests(new, old, &after)].concat(),
        ),
        Part::Response => (
            (&before.response.name, &after.response.name),
            [responses(old, new, &before), responses(new, old, &after)].concat(),
        ),
    };
    values.dedup();
    let known = [&*old, &*new].map(|version| {
        let mut known = BTreeSet::new();
        if let Some(wire) = version.wire.get(name) {
            let tree = match part {
                Part::Request => &wire.request,
                Part::Response => &wire.response,
            };
            fields("", tree, &mut known);
        }
        known
    });
    for value in values {
        let mut members = BTreeSet::new();
        paths("", &value, &mut members);
        // What a builder has no setter for, it cannot be given.
        let [before, after] = [0, 1].map(|side: usize| members.is_subset(&known[side]));
        let taken = (
            old.peer.build(names.0, &value)?.is_some(),
            new.peer.build(names.1, &value)?.is_some(),
        );
        match taken {
            (true, false) if before => built.lost = built.lost.or(Some(value.to_string())),
            (false, true) if after => built.gained = built.gained.or(Some(value.to_string())),
            _ => {}
        }
    }
    if part == Part::Response {
        refusals(old, new, (&before, &after), &mut built)?;
    }
    Ok(built)
}

/// The codes that one version answers and the other does not.
fn refusals(
    old: &mut Version,
    new: &mut Version,
    (before, after): (&Operation, &Operation),
    built: &mut Built,
) -> Result<(), String> {
    if before.mode == Mode::Notification || after.mode == Mode::Notification {
        return Ok(());
    }
    for code in codes(before).iter().chain(&codes(after)) {
        let taken = (refuses(old, before, code)?, refuses(new, after, code)?);
        let evidence = Some(format!("a refusal with `{}`", code.number()));
        match taken {
            (true, false) => built.lost = built.lost.take().or(evidence),
            (false, true) => built.gained = built.gained.take().or(evidence),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a version answers with a code, called by itself.
fn refuses(version: &mut Version, operation: &Operation, code: &Code) -> Result<bool, String> {
    version
        .peer
        .tell(&json!({ "do": "plan", "plan": plan_of(code) }))?;
    for example in &operation.request_examples {
        let url = version.peer.url().to_owned();
        let call = json!({
            "do": "call", "operation": operation.name, "to": url, "value": example.value,
        });
        let outcome = version.peer.tell(&call)?;
        if outcome["outcome"] == "not-built" {
            continue;
        }
        let seen = version.peer.tell(&json!({ "do": "seen" }))?;
        return Ok(seen["answer"]["responseCode"] == json!(code.number()));
    }
    Ok(false)
}

/// Amounts below the smallest that may be sent.
fn below_minimum(tree: &Value, message: &Value, found: &mut BTreeSet<String>) {
    walk("", tree, message, &mut |path, schema, value| {
        let least = schema["x-skypay-minimum"].as_str();
        let least = least.and_then(|least| least.parse::<f64>().ok());
        let amount = value.as_str().and_then(|value| value.parse::<f64>().ok());
        if let (Some(least), Some(amount)) = (least, amount)
            && amount < least
        {
            found.insert(format!("{path} x-skypay-minimum"));
        }
    });
}

/// Times and numbers in another form than the document's.
fn encoded_otherwise(tree: &Value, message: &Value, found: &mut BTreeSet<String>) {
    walk("", tree, message, &mut |path, schema, value| {
        let Some(text) = value.as_str() else { return };
        let fits = match schema["x-skypay-type"].as_str() {
            Some("date-time-fraction") => text.len() == 24,
            Some("date-time") => text.len() == 19,
            _ => true,
        };
        if !fits {
            found.insert(format!("spelling {path} x-skypay-type"));
        }
    });
}

fn walk(path: &str, tree: &Value, message: &Value, visit: &mut dyn FnMut(&str, &Value, &Value)) {
    match message {
        Value::Object(members) => {
            for (name, value) in members {
                walk(
                    &format!("{path}/{name}"),
                    &tree["properties"][name],
                    value,
                    visit,
                );
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

/// The places of all members of a message.
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

/// The places of all fields of a schema.
fn fields(path: &str, tree: &Value, found: &mut BTreeSet<String>) {
    for (name, property) in tree["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        fields(&path, property, found);
        fields(&path, &property["items"], found);
        found.insert(path);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The operations that somebody on the wire sees differently, and those that
/// only one of the two knows.
pub(crate) fn differing(
    old: &BTreeMap<String, OnWire>,
    new: &BTreeMap<String, OnWire>,
) -> BTreeSet<String> {
    let names = old.keys().chain(new.keys());
    let differ = names.filter(|name| {
        let views = [old, new].map(|side| side.get(*name).map(OnWire::seen));
        views[0] != views[1]
    });
    differ.cloned().collect()
}
