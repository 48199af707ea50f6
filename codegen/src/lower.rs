//! Document to model: every decision is taken here, every name is made here.

mod message;

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::check::Document;
use crate::diagnostic::{Diagnostics, Reporter};
use crate::document::{Entry, Node};
use crate::model::{
    Api, Code, CodeTable, Direction, Effect, EnvelopeField, Environment, Example, Field,
    FixedAnswer, Group, Message, Mode, Money, MoneyState, Newtype, Operation, Outcome, Parameter,
    Part, Protocol, Provider, ResultCode, Retry, RetryPolicy, TransactionRef,
};
use crate::schema::Schema;

use message::{count, only_value, required_names, rust_name};

/// Makes the model of a document.
///
/// # Errors
///
/// Everything that the model has no place for; all diagnostics together.
pub fn lower(root: &Node) -> Result<Api, Diagnostics> {
    let mut lowering = Lowering::new(root);
    let operations = lowering.operations();
    let api = Api {
        title: lowering.text(root, &["info", "title"]),
        version: lowering.text(root, &["info", "version"]),
        provider: provider(root),
        header: Document::new(root).header(),
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
        objects: lowering.objects(),
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
    objects: BTreeMap<&'d str, bool>,
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
            objects: BTreeMap::new(),
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
                root: self.root,
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
            None => rust(&request.fields, path).map(|field| TransactionRef { list: None, field }),
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
                    .map(|(list, field)| TransactionRef {
                        list: Some(list),
                        field,
                    })
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
                .and_then(MoneyState::named)
                .map(|state| {
                    let only_with = node.text_of("onlyWith").map(str::to_owned);
                    let alone = only_with.as_ref().map_or(state, |_| MoneyState::Open);
                    Money {
                        state,
                        only_with,
                        alone,
                    }
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
                pretty: value.to_pretty_json().trim_end().to_owned(),
                value: value.json(),
            })
        })
        .collect()
}
