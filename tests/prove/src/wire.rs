//! Observes the communication of two running versions.

#![expect(clippy::similar_names, reason = "both sides are called what they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use codegen::model::{Mode, Operation, Outcome};
use jsonschema::Validator;
use serde_json::{Value, json};
use spec_tools::diff::{Part, Wire};

use crate::groups::Edition;
use crate::peer::Peer;
use crate::samples::samples;
use crate::schemas::{as_read, properties, validator};

/// A version of the document, and a process that runs it.
#[derive(Debug)]
pub(crate) struct Version<'e> {
    edition: &'e Edition,
    validators: BTreeMap<(&'e str, Part), Validator>,
    peer: Peer,
}

/// What was observed: the first of the worst.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// The impact on the wire.
    pub(crate) wire: Wire,
    /// The evidence.
    pub(crate) evidence: String,
    /// The number of messages sent.
    pub(crate) messages: usize,
}

impl Default for Observed {
    fn default() -> Self {
        Self {
            wire: Wire::Ok,
            evidence: "everything came through".to_owned(),
            messages: 0,
        }
    }
}

impl Observed {
    /// Adds an observation.
    pub(crate) fn note(&mut self, wire: Wire, evidence: String) {
        if wire > self.wire {
            self.wire = wire;
            self.evidence = evidence;
        }
    }
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

impl<'e> Version<'e> {
    /// Starts a process that runs a version.
    pub(crate) fn start(edition: &'e Edition, program: &Path) -> Result<Self, String> {
        let mut validators = BTreeMap::new();
        for (name, operation) in &edition.wire {
            for part in [Part::Request, Part::Response] {
                let validator = validator(operation.part(part))?;
                validators.insert((name.as_str(), part), validator);
            }
        }
        Ok(Self {
            edition,
            validators,
            peer: Peer::start(program)?,
        })
    }

    fn operation(&self, name: &str) -> Option<&'e Operation> {
        let mut operations = self.edition.generated.api.operations.iter();
        operations.find(|operation| operation.name == name)
    }

    fn tree(&self, name: &str, part: Part) -> &'e Value {
        let operation = self.edition.wire.get(name);
        operation.map_or(&NOTHING, |operation| operation.part(part))
    }

    /// Returns the violations of the version's document in a message, as it is read.
    fn complaints(&self, name: &str, part: Part, message: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let tree = self.tree(name, part);
        let read = as_read(tree, message);
        too_small("", tree, &read, &mut found);
        let validator = self.validators.get(&(name, part));
        for error in validator.iter().flat_map(|it| it.iter_errors(&read)) {
            let (at, rule) = (error.instance_path(), error.schema_path().to_string());
            let encoding = rule.ends_with("/type") || rule.ends_with("/anyOf");
            let kind = if encoding { "encoding " } else { "" };
            found.insert(format!("{kind}{at} {rule}"));
        }
        found
    }
}

/// Makes a caller call a callee, with all messages that each may send for an operation.
pub(crate) fn observe(
    caller: &Version,
    callee: &Version,
    caller_is_old: bool,
    name: &str,
) -> Result<Observed, String> {
    let Some(calling) = caller.operation(name) else {
        // The caller does not have this operation.
        return Ok(Observed::default());
    };
    let mut watch = Watch {
        caller,
        callee,
        caller_is_old,
        calling,
        observed: Observed::default(),
        came: BTreeSet::new(),
        heard: BTreeSet::new(),
    };
    let called = callee.operation(name);
    let requests = messages(caller, callee, calling, Part::Request);
    let responses = called.map_or_else(Vec::new, |called| {
        messages(callee, caller, called, Part::Response)
    });
    let plans = responses
        .iter()
        .map(|response| json!({ "value": response }));
    let plans: Vec<_> = plans.collect();
    let plan = watch.usual_answer(&requests, &plans)?;
    let calls = requests.iter().map(|request| (request, &plan));
    let usual = watch.messages(Part::Request, calls)?;
    let Some(called) = called else {
        let evidence = "the callee does not know the operation";
        watch.observed.note(Wire::Break, evidence.to_owned());
        return Ok(watch.observed);
    };
    if let Some(usual) = usual.filter(|_| called.mode != Mode::Notification) {
        watch.messages(Part::Response, plans.iter().map(|plan| (usual, plan)))?;
        watch.codes(called, usual)?;
    }
    watch.missing();
    // An empty result proves nothing: where nothing failed, messages must have
    // been received.
    let notifies = [calling.mode, called.mode].contains(&Mode::Notification);
    let expected = if notifies { 1 } else { 2 };
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
    let trees = [sender, receiver].map(|version| version.tree(&operation.name, part));
    samples(examples, trees)
}

/// The record of one side calling the other.
struct Watch<'v> {
    caller: &'v Version<'v>,
    callee: &'v Version<'v>,
    /// Whether the caller has the old version; otherwise the callee has it.
    caller_is_old: bool,
    calling: &'v Operation,
    observed: Observed,
    /// The received fields, by part.
    came: BTreeSet<(Part, String)>,
    /// The parts of which messages were received.
    heard: BTreeSet<Part>,
}

impl Watch<'_> {
    /// Makes one call: returns its outcome, and what the callee recorded; `None`
    /// if the request cannot be built.
    fn exchange(&mut self, request: &Value, plan: &Value) -> Result<Option<[Value; 2]>, String> {
        let name = &self.calling.name;
        let peers = [self.caller, self.callee].map(|version| &version.peer);
        let called = peers[0].call(peers[1], name, request, plan)?;
        if let Some([outcome, seen]) = &called {
            if seen["request"].is_null() {
                return Err(format!("{name}: nothing arrived: {outcome}"));
            }
            self.observed.messages += 1;
        }
        Ok(called)
    }

    /// Returns the plan of the first response that the callee builds and its
    /// document allows.
    fn usual_answer(&mut self, requests: &[Value], plans: &[Value]) -> Result<Value, String> {
        for plan in plans {
            for request in requests.iter().take(3) {
                let exchange = self.exchange(request, plan)?;
                if exchange.is_some_and(|[_, seen]| seen["answered"] == true) {
                    return Ok(plan.clone());
                }
            }
        }
        Ok(plans
            .first()
            .cloned()
            .unwrap_or_else(|| json!({ "value": {} })))
    }

    /// Makes calls whose requests or responses are compared with the receiver's
    /// document; returns the request of the first that is received.
    fn messages<'m>(
        &mut self,
        part: Part,
        calls: impl Iterator<Item = (&'m Value, &'m Value)>,
    ) -> Result<Option<&'m Value>, String> {
        let mut usual = None;
        for (request, plan) in calls {
            let Some([outcome, seen]) = self.exchange(request, plan)? else {
                continue;
            };
            // A response that the builder accepts may still be refused: then it
            // is not a success.
            let (sender, sent, arrived, success) = match part {
                Part::Request => (self.caller, &seen["request"], seen["reached"] == true, true),
                Part::Response if seen["answered"] == true => {
                    let sent = &seen["answer"];
                    let success = sent["responseCode"] == "1000";
                    (self.callee, sent, outcome["outcome"] == "accepted", success)
                }
                Part::Response => continue,
            };
            let complaints = sender.complaints(&self.calling.name, part, sent);
            if !complaints.is_empty() {
                continue;
            }
            if arrived {
                self.received(part, sent);
                usual = usual.or(Some(request));
            } else if success {
                self.observed
                    .note(Wire::Break, format!("cannot be read, {outcome}: {sent}"));
            }
        }
        Ok(usual)
    }

    /// Compares a received message with the receiver's document.
    fn received(&mut self, part: Part, message: &Value) {
        let name = &self.calling.name;
        let old_sends = (part == Part::Request) == self.caller_is_old;
        let receiver = match part {
            Part::Request => self.callee,
            Part::Response => self.caller,
        };
        let tree = receiver.tree(name, part);
        for complaint in receiver.complaints(name, part, message) {
            let breaks = old_sends && !complaint.starts_with("encoding ");
            let wire = if breaks { Wire::Break } else { Wire::Risk };
            self.observed.note(wire, format!("{complaint}: {message}"));
        }
        self.heard.insert(part);
        let known = fields(tree);
        for path in paths(&as_read(tree, message)) {
            if !known.contains(&path) && part == Part::Request && old_sends {
                self.observed
                    .note(Wire::Risk, format!("no reader reads `{path}`: {message}"));
            }
            self.came.insert((part, path));
        }
    }

    /// Records the fields that the old receiver expects and that never arrive.
    fn missing(&mut self) {
        let (old, new, part) = if self.caller_is_old {
            (self.caller, self.callee, Part::Response)
        } else {
            (self.callee, self.caller, Part::Request)
        };
        let [old, new] = [old, new].map(|version| version.tree(&self.calling.name, part));
        if old == new || !self.heard.contains(&part) {
            return;
        }
        for path in fields(old) {
            if !self.came.contains(&(part, path.clone())) {
                self.observed
                    .note(Wire::Risk, format!("`{path}` never comes"));
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
            let taken = outcome["outcome"].as_str().unwrap_or_default();
            let wire = if let Some(number) = plan["partner"].as_u64() {
                let own = self.calling.partner_codes;
                let within = own
                    .is_some_and(|(from, to)| (u64::from(from)..=u64::from(to)).contains(&number));
                match self.caller_is_old {
                    _ if within => Wire::Ok,
                    true => Wire::Risk,
                    false => Wire::Break,
                }
            } else {
                // A newer caller may classify a code more accurately than the callee.
                let otherwise = meant(called, &code).as_deref() != Some(taken);
                let known = meant(self.calling, &code).is_some();
                let risky = !known || otherwise && self.caller_is_old;
                if risky { Wire::Risk } else { Wire::Ok }
            };
            self.observed
                .note(wire, format!("`{code}` is taken for {taken}"));
        }
        Ok(())
    }
}

/// Returns the codes with which an operation may be refused, and the plans to do so.
fn refusals(operation: &Operation) -> impl Iterator<Item = (String, Value)> {
    let codes = operation.codes.iter();
    let refused = codes.filter(|code| code.outcome != Outcome::Accepted);
    let listed = refused.map(|code| (code.code.clone(), json!({ "refuse": code.code })));
    let ends = operation.partner_codes.into_iter();
    let ends = ends.flat_map(|(from, to)| [from, to]);
    listed.chain(ends.map(|number| (number.to_string(), json!({ "partner": number }))))
}

/// Returns messages of an operation that one version builds and the other does not.
pub(crate) fn built(old: &Version, new: &Version, name: &str, part: Part) -> Result<Built, String> {
    let mut built = Built::default();
    let (Some(before), Some(after)) = (old.operation(name), new.operation(name)) else {
        return Ok(built);
    };
    let mut note = |taken: [bool; 2], evidence: String| match taken {
        [true, false] if built.lost.is_none() => built.lost = Some(evidence),
        [false, true] if built.gained.is_none() => built.gained = Some(evidence),
        _ => {}
    };
    let mut values = messages(old, new, before, part);
    values.extend(messages(new, old, after, part));
    let known = [old, new].map(|version| fields(version.tree(name, part)));
    for value in values {
        let part = format!("{part:?}");
        let taken = [
            old.peer.builds(name, &part, &value)?,
            new.peer.builds(name, &part, &value)?,
        ];
        // A version cannot be given a value for a field that it does not have.
        let giver = usize::from(taken[1] && !taken[0]);
        if paths(&value).is_subset(&known[giver]) {
            note(taken, value.to_string());
        }
    }
    let modes = [before.mode, after.mode];
    if part == Part::Response && !modes.contains(&Mode::Notification) {
        for (code, plan) in refusals(before).chain(refusals(after)) {
            let taken = [
                refuses(old, before, &code, &plan)?,
                refuses(new, after, &code, &plan)?,
            ];
            note(taken, format!("a refusal with `{code}`"));
        }
    }
    Ok(built)
}

/// Whether a version responds with a code when called by itself.
fn refuses(
    version: &Version,
    operation: &Operation,
    code: &str,
    plan: &Value,
) -> Result<bool, String> {
    let peer = &version.peer;
    for example in &operation.request_examples {
        let called = peer.call(peer, &operation.name, &example.value, plan)?;
        if let Some([_, seen]) = called {
            return Ok(seen["answer"]["responseCode"] == *code);
        }
    }
    Ok(false)
}

/// Collects the paths of all amounts below their minimum, which is a text that no
/// validator knows.
fn too_small(path: &str, tree: &Value, message: &Value, found: &mut BTreeSet<String>) {
    let items = message.as_array().into_iter().flatten();
    items.for_each(|item| too_small(path, &tree["items"], item, found));
    for (name, value) in message.as_object().into_iter().flatten() {
        too_small(
            &format!("{path}/{name}"),
            &tree["properties"][name],
            value,
            found,
        );
    }
    let number = |value: &Value| value.as_str()?.parse::<f64>().ok();
    let least = number(&tree["x-skypay-minimum"]);
    if number(message).is_some_and(|amount| least.is_some_and(|least| amount < least)) {
        found.insert(format!("{path} x-skypay-minimum"));
    }
}

/// Returns the paths of all members of a message.
fn paths(message: &Value) -> BTreeSet<String> {
    let items = message.as_array().into_iter().flatten();
    let mut found: BTreeSet<_> = items.flat_map(paths).collect();
    for (name, value) in message.as_object().into_iter().flatten() {
        found.extend(paths(value).iter().map(|path| format!("/{name}{path}")));
        found.insert(format!("/{name}"));
    }
    found
}

/// Returns the paths of all fields of a schema.
fn fields(tree: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, property) in properties(tree) {
        let below = fields(property)
            .into_iter()
            .chain(fields(&property["items"]));
        found.extend(below.map(|path| format!("/{name}{path}")));
        found.insert(format!("/{name}"));
    }
    found
}
