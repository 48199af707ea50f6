//! Document to model: every decision is taken here, every name is made here.

mod header;

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::diagnostic::{Diagnostics, Reporter};
use crate::document::{Entry, Node, Value};
use crate::model::{
    Api, Code, CodeTable, Direction, Effect, EnvelopeField, Environment, Example, Field,
    FieldReference, FixedAnswer, Group, Limits, Message, Mode, Money, MoneyState, Newtype,
    Operation, Outcome, Parameter, Part, Presence, Protocol, Provider, Reference, ResultCode,
    Retry, RetryPolicy, Rule, TransactionRef, Type, Written,
};
use crate::prose;
use crate::schema::{Schema, component};

/// Makes the model of a document.
///
/// # Errors
///
/// Whatever the model has no place for; all diagnostics together.
pub fn lower(root: &Node) -> Result<Api, Diagnostics> {
    let mut lowering = Lowering::new(root);
    let operations = lowering.operations();
    let api = Api {
        title: lowering.text(root, &["info", "title"]),
        version: lowering.text(root, &["info", "version"]),
        provider: provider(root),
        header: header::header(root, &mut lowering.reporter),
        description: root
            .get("info")
            .and_then(|info| info.text_of("description"))
            .unwrap_or_default()
            .trim_end()
            .to_owned(),
        describes: root
            .get("info")
            .map(|info| info.texts_of("x-skypay-describes"))
            .unwrap_or_default(),
        envelope: envelope_facts(root),
        time_zone: root
            .text_of("x-skypay-time-zone")
            .unwrap_or_default()
            .to_owned(),
        parameters: parameters(root),
        groups: groups(root),
        environments: lowering.environments(),
        operations,
        code_tables: lowering.code_tables(),
        newtypes: lowering.newtypes(),
        rows: lowering.rows(),
        protocol: lowering.protocol(),
    };
    lowering.reporter.finish(api)
}

/// The rule under which the lowering reports what the model has no place for.
const RULE: &str = "shape";

struct Lowering<'d> {
    root: &'d Node,
    reporter: Reporter,
    /// Outcomes of the return codes, the vendor's texts of them, and whether they
    /// refuse the keys.
    outcomes: BTreeMap<&'d str, (Outcome, Option<&'d str>, bool)>,
    /// Objects inside messages, and whether their limits are enforced.
    rows: BTreeMap<&'d str, bool>,
    /// Those of them that are still to be lowered.
    pending: Vec<&'d str>,
    /// The shortest limit that any response sets to its description.
    description_limit: usize,
}

impl<'d> Lowering<'d> {
    fn new(root: &'d Node) -> Self {
        let mut lowering = Self {
            root,
            reporter: Reporter::new(),
            outcomes: BTreeMap::new(),
            rows: BTreeMap::new(),
            pending: Vec::new(),
            description_limit: usize::MAX,
        };
        lowering.outcomes = lowering.outcomes();
        lowering
    }

    fn outcomes(&self) -> BTreeMap<&'d str, (Outcome, Option<&'d str>, bool)> {
        self.components()
            .iter()
            .filter_map(|(_, schema)| schema.get("x-skypay-codes"))
            .flat_map(Node::items)
            .filter_map(|code| {
                let outcome = outcome(code.text_of("outcome")?)?;
                let meaning = (outcome, code.text_of("text"), code.flag("refusesKeys"));
                Some((code.text_of("value")?, meaning))
            })
            .collect()
    }

    fn components(&self) -> Vec<(&'d str, &'d Node)> {
        let schemas = self
            .root
            .get("components")
            .and_then(|components| components.get("schemas"));
        schemas
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.node))
            .collect()
    }

    /// The text at a path of keys; its absence is reported.
    fn text(&mut self, node: &Node, path: &[&str]) -> String {
        let mut here = node;
        for key in path {
            let Some(next) = here.get(key) else {
                let message = format!("`{key}` is missing");
                self.reporter.add(RULE, &here.location, message);
                return String::new();
            };
            here = next;
        }
        if let Some(text) = here.text() {
            return text.trim_end().to_owned();
        }
        let message = format!("a text belongs here, not {}", here.kind());
        self.reporter.add(RULE, &here.location, message);
        String::new()
    }

    /// One of a set of words; anything else is reported.
    fn word<T: Copy>(&mut self, node: &Node, key: &str, words: &[(&str, T)]) -> T {
        let text = self.text(node, &[key]);
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        if !text.is_empty() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let message = format!("`{key}` is `{text}`: write {}", known.join(" or "));
            let location = &node.get(key).unwrap_or(node).location;
            self.reporter.add(RULE, location, message);
        }
        words[0].1
    }

    fn environments(&mut self) -> Vec<Environment> {
        let servers = self.root.get("servers").map(Node::items);
        servers
            .unwrap_or_default()
            .iter()
            .map(|server| {
                let name = self.text(server, &["x-skypay-environment"]);
                Environment {
                    variant: name.to_upper_camel_case(),
                    name,
                    url: self.text(server, &["url"]),
                    doc: self.text(server, &["description"]),
                    pointer: server.location.pointer.clone(),
                }
            })
            .collect()
    }

    fn protocol(&mut self) -> Protocol {
        let answers = self.root.get("x-skypay-answers");
        let answers = answers.unwrap_or(self.root);
        let description_limit = self.description_limit;
        let mut answer = |name: &str| FixedAnswer {
            code: self.text(answers, &[name, "code"]),
            description: self.text(answers, &[name, "description"]),
        };
        Protocol {
            accepted: answer("accepted"),
            unreadable: answer("unreadable"),
            failed: answer("failed"),
            not_stored: answer("notStored"),
            not_offered: answer("notOffered"),
            description_limit,
        }
    }

    /// Notes how long the description of an answer may be.
    fn note_description_limit(&mut self, response: Schema<'d>) {
        for Entry {
            key: wire, node, ..
        } in response.properties()
        {
            if self.envelope_field(response, wire) == Some(EnvelopeField::Description)
                && let Some(limit) = count(Schema::resolve(self.root, node), "maxLength")
            {
                self.description_limit = self.description_limit.min(limit as usize);
            }
        }
    }

    fn operations(&mut self) -> Vec<Operation> {
        let paths = self.root.get("paths").map(Node::entries);
        paths
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| {
                let post = entry.node.get("post")?;
                Some(self.operation(&entry.key, &entry.node, post))
            })
            .collect()
    }

    fn operation(&mut self, key: &str, item: &'d Node, post: &'d Node) -> Operation {
        let (wire_path, label) = key.split_once('#').unwrap_or((key, ""));
        let name = self.text(post, &["operationId"]);
        let direction = match item.text_of("x-skypay-direction") {
            Some("callback") => Direction::ToPartner,
            _ => Direction::ToProvider,
        };
        let request = self.body_schema(post.get("requestBody"), post);
        let response = self.body_schema(post.get("responses").and_then(|all| all.get("200")), post);
        self.note_description_limit(response);
        let partner_asks = direction == Direction::ToProvider;
        let constants = self.constants(request);
        let action = self.action(request);
        let request_message = self.message(request, Part::Request, partner_asks);
        let response_message = self.message(response, Part::Response, !partner_asks);
        Operation {
            method: name.to_snake_case(),
            path_fragment: label.to_owned(),
            wire_path: wire_path.to_owned(),
            action,
            constants,
            summary: self.text(post, &["summary"]),
            description: self.text(post, &["description"]),
            chapter_directory: post
                .get("x-skypay-chapter")
                .and_then(|chapter| chapter.text_of("directory"))
                .map(str::to_owned),
            chapter_current: self.text(post, &["x-skypay-chapter", "current"]),
            direction,
            mode: self.word(
                post,
                "x-skypay-mode",
                &[
                    ("asynchronous", Mode::Asynchronous),
                    ("synchronous", Mode::Synchronous),
                    ("notification", Mode::Notification),
                ],
            ),
            effect: self.word(
                post,
                "x-skypay-effect",
                &[
                    ("reads", Effect::Reads),
                    ("changes-state", Effect::ChangesState),
                    ("moves-money", Effect::MovesMoney),
                ],
            ),
            retry_policy: self.retry_policy(post),
            codes: self.result_codes(post),
            partner_codes: self.partner_codes(post),
            partner_codes_doc: match post.get("x-skypay-partner-codes") {
                Some(node) => self.text(node, &["description"]),
                None => String::new(),
            },
            delivery_key: post.texts_of("x-skypay-delivery-key"),
            effect_key: post.texts_of("x-skypay-effect-key"),
            code_required: required_names(response)
                .iter()
                .any(|wire| self.envelope_field(response, wire) == Some(EnvelopeField::Code)),
            transaction_ref: self.transaction_ref(post, &request_message, request),
            request_examples: examples(post.get("requestBody")),
            response_examples: examples(post.get("responses").and_then(|all| all.get("200"))),
            request: request_message,
            response: response_message,
            deprecated: post.flag("deprecated"),
            groups: post.texts_of("tags"),
            server_notes: server_notes(item),
            pointer: item.location.pointer.clone(),
            name,
        }
    }

    /// The component schema of a body.
    fn body_schema(&mut self, body: Option<&'d Node>, post: &'d Node) -> Schema<'d> {
        let schema = body
            .and_then(|body| body.get("content"))
            .and_then(|content| content.get("application/json"))
            .and_then(|media| media.get("schema"));
        let Some(schema) = schema else {
            let message =
                "the operation has no `application/json` schema for its request or its `200`";
            self.reporter.add(RULE, &post.location, message);
            return Schema {
                own: post,
                component: None,
            };
        };
        let schema = Schema::resolve(self.root, schema);
        if schema.component.is_none() {
            let message = "a message is a component: refer to `#/components/schemas/…`";
            self.reporter.add(RULE, &schema.own.location, message);
        }
        schema
    }

    fn retry_policy(&mut self, post: &'d Node) -> RetryPolicy {
        let Some(node) = post.get("x-skypay-retry") else {
            let message = "`x-skypay-retry` is missing: say when to ask and whether to send again";
            self.reporter.add(RULE, &post.location, message);
            return RetryPolicy {
                status_query: None,
                status_query_delay: None,
                policy: Retry::Never,
                note: String::new(),
            };
        };
        RetryPolicy {
            status_query: node.text_of("statusQuery").map(str::to_owned),
            status_query_delay: node
                .integer_of("statusQueryDelay")
                .and_then(|seconds| seconds.try_into().ok()),
            policy: self.word(
                node,
                "policy",
                &[
                    ("never", Retry::Never),
                    ("after-status-query", Retry::AfterStatusQuery),
                    ("safe", Retry::Safe),
                ],
            ),
            note: self.text(node, &["note"]),
        }
    }

    fn result_codes(&mut self, post: &'d Node) -> Vec<ResultCode> {
        let codes = post.items_of("x-skypay-result-codes");
        let mut lowered = Vec::new();
        for node in codes {
            let code = self.text(node, &["code"]);
            let Some((outcome, text, refuses_keys)) = self.outcomes.get(code.as_str()).copied()
            else {
                let message = format!("the code `{code}` stands in no table with outcomes");
                self.reporter.add("codes-named", &node.location, message);
                continue;
            };
            let source = [("listed", true), ("expected", false)];
            lowered.push(ResultCode {
                meaning: self.text(node, &["meaning"]),
                text: node.text_of("text").or(text).map(str::to_owned),
                outcome,
                refuses_keys,
                listed: self.word(node, "source", &source),
                pointer: node.location.pointer.clone(),
                code,
            });
        }
        lowered
    }

    fn partner_codes(&mut self, post: &'d Node) -> Option<(u16, u16)> {
        let node = post.get("x-skypay-partner-codes")?;
        let bound = |key| node.integer_of(key).and_then(|bound| bound.try_into().ok());
        let range = bound("from").zip(bound("to"));
        if range.is_none() {
            let message = "write `{from: 2000, to: 2999, description: …}`";
            self.reporter.add(RULE, &node.location, message);
        }
        range
    }

    fn transaction_ref(
        &mut self,
        post: &'d Node,
        request: &Message,
        schema: Schema<'d>,
    ) -> Option<TransactionRef> {
        let node = post.get("x-skypay-transaction-id")?;
        let path = node.text()?;
        let rust = |fields: &[Field], wire: &str| {
            let field = fields.iter().find(|field| field.wire == wire);
            field.map(|field| field.rust.clone())
        };
        let subject = match path.split_once("[].") {
            None => rust(&request.fields, path).map(TransactionRef::Field),
            Some((list, field)) => {
                let items = schema
                    .get("properties")
                    .and_then(|properties| properties.get(list))
                    .and_then(|list| list.get("items"))
                    .map(|items| Schema::resolve(self.root, items));
                let known = items
                    .and_then(|items| items.get("properties"))
                    .and_then(|properties| properties.get(field))
                    .map(|node| rust_name(field, Schema::resolve(self.root, node)));
                rust(&request.fields, list)
                    .zip(known)
                    .map(|(list, field)| TransactionRef::Items { list, field })
            }
        };
        if subject.is_none() {
            let message = format!("the request has no field `{path}`");
            self.reporter.add(RULE, &node.location, message);
        }
        subject
    }

    /// The request's field that the transport fills with the action.
    fn action(&self, request: Schema<'d>) -> String {
        request
            .properties()
            .iter()
            .map(|property| Schema::resolve(self.root, &property.node))
            .filter(|field| field.flag("x-skypay-transport"))
            .find_map(only_value)
            .unwrap_or_default()
    }

    fn constants(&self, request: Schema<'d>) -> Vec<(String, String)> {
        request
            .properties()
            .iter()
            .map(|property| (&property.key, Schema::resolve(self.root, &property.node)))
            .filter(|(_, field)| field.flag("x-skypay-constant"))
            .filter_map(|(wire, field)| Some((wire.clone(), only_value(field)?)))
            .collect()
    }

    fn message(&mut self, schema: Schema<'d>, part: Part, enforced: bool) -> Message {
        let (name, node) = schema.component.unwrap_or(("", schema.own));
        let required = required_names(schema);
        let mut fields = Vec::new();
        let mut transport_fields = Vec::new();
        for Entry {
            key: wire,
            node: property,
            ..
        } in schema.properties()
        {
            let resolved = Schema::resolve(self.root, property);
            let written_by_transport = resolved.flag("x-skypay-transport");
            if resolved.flag("x-skypay-constant") || (written_by_transport && part == Part::Request)
            {
                transport_fields.push(wire.to_owned());
                continue;
            }
            let required = required.contains(wire);
            if let Some(field) = self.field(wire, resolved, required, enforced) {
                fields.push(field);
            }
        }
        Message {
            name: name.to_owned(),
            doc: self.text(node, &["description"]),
            part,
            rules: if enforced {
                self.rules(node)
            } else {
                Vec::new()
            },
            fields,
            transport_fields,
            accepts_plain: node.text_of("x-skypay-accepts-plain").map(str::to_owned),
            reference: self.reference(schema, node, &required),
        }
    }

    /// What readers are shown of a message.
    fn reference(
        &mut self,
        schema: Schema<'d>,
        node: &'d Node,
        required: &BTreeSet<String>,
    ) -> Reference {
        let mut fields = Vec::new();
        for Entry {
            key: wire,
            node: property,
            ..
        } in schema.properties()
        {
            let resolved = Schema::resolve(self.root, property);
            fields.extend(self.field_reference(wire, resolved, required.contains(wire)));
        }
        Reference {
            pointer: node.location.pointer.clone(),
            fields,
            rules: self.rules(node),
        }
    }

    fn field_reference(
        &mut self,
        wire: &str,
        schema: Schema<'d>,
        required: bool,
    ) -> Option<FieldReference> {
        let (ty, written) = self.ty(schema, false)?;
        let text = |key| schema.text(key).map(|text| text.trim_end().to_owned());
        let items = schema
            .get("items")
            .map(|items| Schema::resolve(self.root, items));
        let places = [Some(schema), items].into_iter().flatten();
        let pointers = places.flat_map(|location| {
            let component = location.component.map(|(_, node)| node);
            [Some(location.own), component].into_iter().flatten()
        });
        Some(FieldReference {
            wire: wire.to_owned(),
            description: text("description").unwrap_or_default(),
            written,
            presence: match required {
                true => Presence::Always,
                false if schema.flag("x-skypay-on-success") => Presence::OnSuccess,
                false => Presence::Optional,
            },
            by_transport: schema.flag("x-skypay-transport") || schema.flag("x-skypay-constant"),
            constant: only_value(schema),
            limits: self.limits(schema, &ty, true),
            picked: match schema.component {
                Some(_) => schema.own.texts_of("enum"),
                None => Vec::new(),
            },
            unit: text("x-skypay-unit"),
            sensitive: schema.flag("x-skypay-sensitive"),
            aliases: schema.own.texts_of("x-skypay-aliases"),
            applies_to: schema.own.texts_of("x-skypay-applies-to"),
            example: match schema.get("example").map(|node| &node.value) {
                Some(Value::Text(text) | Value::Number(text)) => Some(text.clone()),
                Some(Value::Bool(flag)) => Some(flag.to_string()),
                _ => None,
            },
            accepts_plain: items.is_some_and(|items| items.get("x-skypay-accepts-plain").is_some()),
            deprecated: schema.flag("deprecated"),
            pointers: pointers.map(|node| node.location.pointer.clone()).collect(),
            ty,
        })
    }

    fn field(
        &mut self,
        wire: &str,
        schema: Schema<'d>,
        required: bool,
        enforced: bool,
    ) -> Option<Field> {
        let (ty, written) = self.ty(schema, enforced)?;
        let envelope = envelope_role(&ty, schema);
        let always = required || schema.flag("x-skypay-on-success");
        let masks_itself = match &ty {
            Type::PersonName => true,
            Type::Newtype(name) => {
                component(self.root, name).is_some_and(|node| node.flag("x-skypay-sensitive"))
            }
            _ => false,
        };
        let required_here = always && envelope.is_none();
        Some(Field {
            wire: wire.to_owned(),
            rust: rust_name(wire, schema),
            doc: field_doc(wire, schema),
            required: required_here,
            sensitive: schema.flag("x-skypay-sensitive") && !masks_itself,
            written,
            limits: self.limits(schema, &ty, enforced),
            aliases: schema.own.texts_of("x-skypay-aliases"),
            stamped: required && envelope.is_some(),
            received: match (&ty, envelope) {
                (Type::List(item), _) => !enforced && matches!(**item, Type::Row(_)),
                // What an answer says of the outcome is read or refused.
                (Type::Row(_), _) | (_, Some(EnvelopeField::Code)) => false,
                (_, envelope) => !required_here && (!enforced || envelope.is_some()),
            },
            envelope,
            deprecated: schema.flag("deprecated"),
            ty,
        })
    }

    /// The envelope field that a property of a response is.
    fn envelope_field(&mut self, response: Schema<'d>, wire: &str) -> Option<EnvelopeField> {
        let mut properties = response.properties().iter();
        let property = properties.find(|property| property.key == wire)?;
        let schema = Schema::resolve(self.root, &property.node);
        let (ty, _) = self.ty(schema, false)?;
        envelope_role(&ty, schema)
    }

    fn ty(&mut self, schema: Schema<'d>, enforced: bool) -> Option<(Type, Written)> {
        let plainly = |ty| Some((ty, Written::Plainly));
        if schema.get("x-skypay-codes").is_some() {
            return plainly(Type::Codes(schema.component_name()?.to_owned()));
        }
        match (schema.text("type"), schema.text("x-skypay-type")) {
            (Some("string"), Some("person-name")) => plainly(Type::PersonName),
            (Some("string"), Some("amount")) => plainly(Type::Amount),
            (Some("number"), Some("amount")) => Some((Type::Amount, Written::AsNumber)),
            (Some("string"), Some("date")) => plainly(Type::Date),
            (Some("string"), Some("date-time")) => plainly(Type::DateTime),
            (Some("string"), Some("date-time-fraction")) => {
                Some((Type::DateTime, Written::WithFraction))
            }
            (Some("string"), Some("integer")) => Some((Type::Integer("u32"), Written::AsText)),
            (Some("string"), None) if schema.flag("x-skypay-newtype") => {
                plainly(Type::Newtype(schema.component_name()?.to_owned()))
            }
            (Some("string"), None) => plainly(Type::Text),
            (Some("integer"), None) => plainly(Type::Integer(integer_type(schema))),
            (Some("boolean"), None) => plainly(Type::Boolean),
            (Some("object"), None) => {
                let name = schema.component_name()?;
                let known = self.rows.get(name).copied();
                if known.is_none_or(|known| enforced && !known) {
                    self.rows.insert(name, enforced);
                    self.pending.push(name);
                }
                plainly(Type::Row(name.to_owned()))
            }
            (Some("array"), None) => {
                let items = Schema::resolve(self.root, schema.get("items")?);
                let (item, written) = self.ty(items, enforced)?;
                Some((Type::List(Box::new(item)), written))
            }
            (ty, meaning) => {
                let message = format!(
                    "there is no Rust type for `type: {}` with `x-skypay-type: {}`",
                    ty.unwrap_or("(none)"),
                    meaning.unwrap_or("(none)")
                );
                self.reporter.add(RULE, &schema.own.location, message);
                None
            }
        }
    }

    fn limits(&mut self, schema: Schema<'d>, ty: &Type, enforced: bool) -> Limits {
        if !enforced {
            return Limits::default();
        }
        if let Type::List(item) = ty {
            let items = schema.get("items").unwrap_or(schema.own);
            return Limits {
                min_items: count(schema, "minItems"),
                max_items: count(schema, "maxItems"),
                ..self.limits(Schema::resolve(self.root, items), item, enforced)
            };
        }
        Limits {
            min_length: count(schema, "minLength"),
            max_length: count(schema, "maxLength"),
            pattern: schema.text("pattern").map(str::to_owned),
            minimum: number_text(schema, "x-skypay-minimum")
                .or_else(|| number_text(schema, "minimum")),
            maximum: number_text(schema, "maximum"),
            one_of: if matches!(ty, Type::Codes(_)) {
                sendable(schema)
            } else {
                Vec::new()
            },
            min_items: None,
            max_items: None,
            enforced: true,
        }
    }

    fn rules(&mut self, message: &'d Node) -> Vec<Rule> {
        let rules = message.items_of("x-skypay-rules");
        let mut lowered = Vec::new();
        for node in rules {
            let when = node.get("when");
            lowered.push(Rule {
                id: self.text(node, &["id"]),
                when: when.map(|when| (self.text(when, &["field"]), when.texts_of("in"))),
                require: node.texts_of("require"),
                forbid: node.texts_of("forbid"),
                matches: node
                    .entries_of("match")
                    .iter()
                    .filter_map(|entry| Some((entry.key.clone(), entry.node.text()?.to_owned())))
                    .collect(),
                reason: self.text(node, &["reason"]),
                pointer: node.location.pointer.clone(),
            });
        }
        lowered
    }

    fn code_tables(&mut self) -> Vec<CodeTable> {
        let mut tables = Vec::new();
        for (name, node) in self.components() {
            let Some(codes) = node.get("x-skypay-codes") else {
                continue;
            };
            tables.push(CodeTable {
                name: name.to_owned(),
                doc: self.text(node, &["description"]),
                codes: codes.items().iter().map(|code| self.code(code)).collect(),
                pointer: node.location.pointer.clone(),
            });
        }
        tables
    }

    fn code(&mut self, node: &'d Node) -> Code {
        Code {
            value: self.text(node, &["value"]),
            variant: self.text(node, &["name"]),
            doc: self.text(node, &["description"]),
            kind: node.text_of("kind").map(str::to_owned),
            read_only: node.flag("readOnly"),
            outcome: node.text_of("outcome").and_then(outcome),
            money: node
                .text_of("moneyState")
                .and_then(money_state)
                .map(|state| Money {
                    state,
                    only_with: node.text_of("onlyWith").map(str::to_owned),
                }),
            text: node.text_of("text").map(str::to_owned),
            pointer: node.location.pointer.clone(),
        }
    }

    fn newtypes(&mut self) -> Vec<Newtype> {
        let mut newtypes = Vec::new();
        for (name, node) in self.components() {
            if node.flag("x-skypay-newtype") {
                newtypes.push(Newtype {
                    name: name.to_owned(),
                    doc: self.text(node, &["description"]),
                    sensitive: node.flag("x-skypay-sensitive"),
                });
            }
        }
        newtypes
    }

    /// The objects inside messages; lowering one may find more, or that the
    /// limits of one are enforced after all.
    fn rows(&mut self) -> Vec<Message> {
        let mut rows = BTreeMap::new();
        while let Some(name) = self.pending.pop() {
            let Some(node) = component(self.root, name) else {
                continue;
            };
            let schema = Schema {
                own: node,
                component: Some((name, node)),
            };
            let enforced = self.rows.get(name).copied().unwrap_or_default();
            rows.insert(name, self.message(schema, Part::Row, enforced));
        }
        rows.into_values().collect()
    }
}

/// What a path says of its own servers and of what is variable in them.
fn server_notes(item: &Node) -> Vec<String> {
    let servers = item.items_of("servers");
    let described = servers.iter().flat_map(|server| {
        let variables = server.entries_of("variables");
        let variables = variables.iter();
        std::iter::once(server).chain(variables.map(|entry| &entry.node))
    });
    described
        .filter_map(|node| node.text_of("description"))
        .map(|text| text.trim_end().to_owned())
        .collect()
}

fn parameters(root: &Node) -> Vec<Parameter> {
    let parameters = root
        .get("components")
        .and_then(|components| components.get("parameters"));
    let parameters = parameters.map(Node::entries).unwrap_or_default().iter();
    let text = |node: &Node, key| node.text_of(key).unwrap_or_default().trim_end().to_owned();
    parameters
        .map(|entry| Parameter {
            name: text(&entry.node, "name"),
            doc: text(&entry.node, "description"),
            pointer: entry.node.location.pointer.clone(),
        })
        .collect()
}

fn groups(root: &Node) -> Vec<Group> {
    let tags = root.items_of("tags").iter();
    let text = |tag: &Node, key| tag.text_of(key).unwrap_or_default().trim_end().to_owned();
    tags.map(|tag| Group {
        name: text(tag, "name"),
        doc: text(tag, "description"),
    })
    .collect()
}

fn provider(root: &Node) -> Provider {
    let node = root
        .get("info")
        .and_then(|info| info.get("x-skypay-provider"));
    let text = |key, otherwise: &str| {
        let text = node.and_then(|node| node.text_of(key));
        text.unwrap_or(otherwise).to_owned()
    };
    Provider {
        name: text("name", "the provider"),
        package: text("package", "provider"),
        keywords: node
            .map(|node| node.texts_of("keywords"))
            .unwrap_or_default(),
    }
}

fn envelope_facts(root: &Node) -> Vec<(String, String)> {
    let facts = root.entries_of("x-skypay-envelope");
    let facts = facts.iter();
    facts
        .filter_map(|fact| Some((fact.key.clone(), fact.node.text()?.to_owned())))
        .collect()
}

fn outcome(word: &str) -> Option<Outcome> {
    match word {
        "accepted" => Some(Outcome::Accepted),
        "rejected" => Some(Outcome::Rejected),
        "unknown" => Some(Outcome::Unknown),
        _ => None,
    }
}

/// The state of a payout's money that a word of the document names.
pub(crate) fn money_state(word: &str) -> Option<MoneyState> {
    match word {
        "paid" => Some(MoneyState::Paid),
        "failed" => Some(MoneyState::Failed),
        "cancelled" => Some(MoneyState::Cancelled),
        "open" => Some(MoneyState::Open),
        "absent" => Some(MoneyState::Absent),
        "amendment" => Some(MoneyState::Amendment),
        _ => None,
    }
}

fn envelope_role(ty: &Type, schema: Schema<'_>) -> Option<EnvelopeField> {
    if !schema.flag("x-skypay-transport") {
        return None;
    }
    match ty {
        Type::DateTime => Some(EnvelopeField::Time),
        Type::Codes(_) => Some(EnvelopeField::Code),
        _ => Some(EnvelopeField::Description),
    }
}

fn required_names(message: Schema<'_>) -> BTreeSet<String> {
    message
        .component
        .map(|(_, node)| node.texts_of("required"))
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// The value of an `enum` with one value.
fn only_value(schema: Schema<'_>) -> Option<String> {
    match schema.get("enum")?.items() {
        [only] => only.text().map(str::to_owned),
        _ => None,
    }
}

fn rust_name(wire: &str, schema: Schema<'_>) -> String {
    schema
        .own
        .text_of("x-skypay-rust-name")
        .map_or_else(|| wire.to_snake_case(), str::to_owned)
}

/// The Rust type of a whole number.
pub(crate) fn integer_type(schema: Schema<'_>) -> &'static str {
    let wide = schema.text("format") == Some("int64");
    let signed = number_text(schema, "minimum").is_none_or(|minimum| minimum.starts_with('-'));
    match (signed, wide) {
        (true, true) => "i64",
        (true, false) => "i32",
        (false, true) => "u64",
        (false, false) => "u32",
    }
}

fn count(schema: Schema<'_>, key: &str) -> Option<u32> {
    number_text(schema, key)?.parse().ok()
}

fn number_text(schema: Schema<'_>, key: &str) -> Option<String> {
    match &schema.get(key)?.value {
        Value::Number(raw) | Value::Text(raw) => Some(raw.clone()),
        _ => None,
    }
}

/// The codes that may be sent: those that the place of use picks, or all of
/// the table but the ones that are only read.
fn sendable(schema: Schema<'_>) -> Vec<String> {
    let picked = schema.own.texts_of("enum");
    if !picked.is_empty() && schema.component.is_some() {
        return picked;
    }
    schema
        .items_of("x-skypay-codes")
        .iter()
        .filter(|code| !code.flag("readOnly"))
        .filter_map(|code| code.text_of("value"))
        .map(str::to_owned)
        .collect()
}

/// The description, and one line with what the wire says of the field.
fn field_doc(wire: &str, schema: Schema<'_>) -> String {
    let mut line = format!("On the wire: {}", prose::code(wire));
    match (count(schema, "minLength"), count(schema, "maxLength")) {
        (Some(least), Some(most)) if least == most => {
            line.push_str(&format!(", {most} characters"));
        }
        (Some(least), Some(most)) => line.push_str(&format!(", {least} to {most} characters")),
        (None, Some(most)) => line.push_str(&format!(", at most {most} characters")),
        _ => {}
    }
    if let Some(unit) = schema.text("x-skypay-unit") {
        line.push_str(&format!(", in {}", prose::inline(unit)));
    }
    let kinds = schema.items_of("x-skypay-applies-to");
    let kinds: Vec<_> = kinds.iter().filter_map(Node::text).collect();
    if !kinds.is_empty() {
        line.push_str(&format!(", for: {}", prose::inline(&kinds.join(", "))));
    }
    match schema.get("example").map(|node| &node.value) {
        Some(Value::Text(text)) if text.is_empty() => line.push_str("; may be empty"),
        Some(Value::Text(text) | Value::Number(text)) => {
            line.push_str(&format!("; for example {}", prose::code(text)));
        }
        _ => {}
    }
    let description = prose::blocks(schema.text("description").unwrap_or_default());
    format!("{description}\n\n{line}.")
}

fn examples(body: Option<&Node>) -> Vec<Example> {
    let examples = body
        .and_then(|body| body.get("content"))
        .and_then(|content| content.get("application/json"))
        .and_then(|media| media.get("examples"));
    examples
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| {
            let value = entry.node.get("value")?;
            Some(Example {
                name: entry.key.clone(),
                summary: entry.node.text_of("summary").unwrap_or_default().to_owned(),
                json: value.to_json(),
                value: value.json(),
            })
        })
        .collect()
}
