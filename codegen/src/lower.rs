//! Lowers a document to the model: all decisions are made and all names are built
//! here. The document must have passed the checks.

mod message;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use crate::check::{self, Body, Document};
use crate::document::{Entry, Node};
use crate::model::{
    Api, Code, CodeTable, Direction, EnvelopeField, Environment, Example, FixedAnswer, Group,
    Money, MoneyState, Newtype, Operation, Parameter, Part, Presence, Protocol, Provider,
    ResultCode, RetryPolicy, TransactionRef,
};
use crate::schema::Schema;

use message::{message, objects, rust_name};

/// Builds the model of a document that has passed the checks.
#[must_use]
pub fn lower(root: &Node) -> Api {
    let document = Document::new(root);
    let code_tables = code_tables(&document);
    let operations = document.operations.iter();
    let operations: Vec<_> = operations.map(|one| operation(one, &code_tables)).collect();
    let info = root.get("info").unwrap_or(root);
    Api {
        title: text(info, "title"),
        version: text(info, "version"),
        provider: provider(info),
        header: document.header(),
        description: text(info, "description"),
        describes: info.texts_of("x-skypay-describes"),
        envelope: texts(root.entries_of("x-skypay-envelope")),
        time_zone: text(root, "x-skypay-time-zone"),
        parameters: parameters(root),
        groups: groups(root),
        environments: environments(root),
        newtypes: newtypes(&document),
        objects: objects(root, &operations),
        protocol: protocol(root, &operations),
        operations,
        code_tables,
    }
}

/// The text of a member, without the final newline of a block; empty if absent.
fn text(node: &Node, key: &str) -> String {
    let text = node.text_of(key).unwrap_or_default();
    text.trim_end().to_owned()
}

/// The text of a member, if present.
fn optional(node: &Node, key: &str) -> Option<String> {
    node.text_of(key).map(str::to_owned)
}

/// The members of a mapping whose values are strings.
fn texts(entries: &[Entry]) -> Vec<(String, String)> {
    let texts = entries.iter();
    texts
        .filter_map(|entry| Some((entry.key.clone(), entry.node.text()?.to_owned())))
        .collect()
}

/// The enum variant that a member names.
fn named<T: for<'a> Deserialize<'a>>(node: &Node, key: &str) -> Option<T> {
    let word: StrDeserializer<'_, Error> = node.text_of(key)?.into_deserializer();
    T::deserialize(word).ok()
}

fn pointer(node: &Node) -> String {
    node.location.pointer.clone()
}

fn provider(info: &Node) -> Provider {
    let node = info.get("x-skypay-provider");
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

fn parameters(root: &Node) -> Vec<Parameter> {
    let parameters = root.at(&["components", "parameters"]);
    let parameters = parameters.map(Node::entries).unwrap_or_default().iter();
    parameters
        .map(|entry| Parameter {
            name: text(&entry.node, "name"),
            doc: text(&entry.node, "description"),
            pointer: pointer(&entry.node),
        })
        .collect()
}

fn groups(root: &Node) -> Vec<Group> {
    let tags = root.items_of("tags").iter();
    tags.map(|tag| Group {
        name: text(tag, "name"),
        doc: text(tag, "description"),
    })
    .collect()
}

fn environments(root: &Node) -> Vec<Environment> {
    let servers = root.items_of("servers").iter();
    servers
        .map(|server| {
            let name = text(server, "x-skypay-environment");
            Environment {
                variant: name.to_upper_camel_case(),
                name,
                url: text(server, "url"),
                doc: text(server, "description"),
                pointer: pointer(server),
            }
        })
        .collect()
}

fn protocol(root: &Node, operations: &[Operation]) -> Protocol {
    let answer = |name| {
        let answer = root.at(&["x-skypay-answers", name]).unwrap_or(root);
        FixedAnswer {
            code: text(answer, "code"),
            description: text(answer, "description"),
        }
    };
    let fields = operations.iter().flat_map(|one| &one.response.fields);
    let descriptions = fields.filter(|one| one.envelope == Some(EnvelopeField::Description));
    let limits = descriptions.filter_map(|one| one.limits.max_length);
    Protocol {
        accepted: answer("accepted"),
        unreadable: answer("unreadable"),
        failed: answer("failed"),
        not_stored: answer("notStored"),
        not_offered: answer("notOffered"),
        description_limit: limits.min().map_or(usize::MAX, |limit| limit as usize),
    }
}

fn operation(operation: &check::Operation<'_>, code_tables: &[CodeTable]) -> Operation {
    let (post, item) = (operation.post, &operation.path.node);
    let is_callback = operation.is_callback();
    let request = message(operation.request.schema, Part::Request, !is_callback);
    let response = message(operation.response.schema, Part::Response, is_callback);
    let partner_codes = post.get("x-skypay-partner-codes");
    Operation {
        name: operation.name().to_owned(),
        groups: post.texts_of("tags"),
        pointer: pointer(item),
        method: operation.name().to_snake_case(),
        path_fragment: operation.label.to_owned(),
        wire_path: operation.wire_path.to_owned(),
        server_notes: server_notes(item),
        action: only_values(operation.request.schema, "x-skypay-transport")
            .next()
            .map(|(_, action)| action)
            .unwrap_or_default(),
        constants: only_values(operation.request.schema, "x-skypay-constant").collect(),
        summary: text(post, "summary"),
        description: text(post, "description"),
        chapter_directory: post
            .get("x-skypay-chapter")
            .and_then(|chapter| optional(chapter, "directory")),
        chapter_current: post
            .get("x-skypay-chapter")
            .map(|chapter| text(chapter, "current"))
            .unwrap_or_default(),
        direction: if is_callback {
            Direction::ToPartner
        } else {
            Direction::ToProvider
        },
        mode: named(post, "x-skypay-mode").unwrap_or_default(),
        effect: named(post, "x-skypay-effect").unwrap_or_default(),
        retry_policy: retry_policy(post),
        codes: result_codes(post, code_tables),
        partner_codes: partner_codes.and_then(|codes| {
            let bound = |key| codes.integer_of(key)?.try_into().ok();
            bound("from").zip(bound("to"))
        }),
        partner_codes_doc: partner_codes
            .map(|codes| text(codes, "description"))
            .unwrap_or_default(),
        delivery_key: post.texts_of("x-skypay-delivery-key"),
        effect_key: post.texts_of("x-skypay-effect-key"),
        code_required: response.fields.iter().any(|field| {
            field.envelope == Some(EnvelopeField::Code) && field.presence == Presence::Always
        }),
        transaction_ref: transaction_ref(post, operation.request.schema),
        request,
        response,
        request_examples: examples(&operation.request),
        response_examples: examples(&operation.response),
        deprecated: post.flag("deprecated"),
    }
}

/// The descriptions of a path's own servers and of their variables.
fn server_notes(item: &Node) -> Vec<String> {
    let servers = item.items_of("servers");
    let described = servers.iter().flat_map(|server| {
        let variables = server.entries_of("variables");
        let variables = variables.iter();
        std::iter::once(server).chain(variables.map(|entry| &entry.node))
    });
    described
        .filter(|node| node.text_of("description").is_some())
        .map(|node| text(node, "description"))
        .collect()
}

/// The marked fields with a constant value, and that value.
fn only_values<'d>(
    request: Schema<'d>,
    mark: &'static str,
) -> impl Iterator<Item = (String, String)> + use<'d> {
    let marked = request.fields().filter(move |(_, field)| field.flag(mark));
    marked.filter_map(|(entry, field)| Some((entry.key.clone(), field.only_value()?.to_owned())))
}

fn retry_policy(post: &Node) -> RetryPolicy {
    let node = post.get("x-skypay-retry").unwrap_or(post);
    RetryPolicy {
        status_query: optional(node, "statusQuery"),
        status_query_delay: node
            .integer_of("statusQueryDelay")
            .and_then(|seconds| seconds.try_into().ok()),
        policy: named(node, "policy").unwrap_or_default(),
        note: text(node, "note"),
    }
}

fn result_codes(post: &Node, code_tables: &[CodeTable]) -> Vec<ResultCode> {
    let codes = post.items_of("x-skypay-result-codes").iter();
    codes
        .map(|node| {
            let value = text(node, "code");
            let mut known = code_tables.iter().flat_map(|table| &table.codes);
            let known = known.rfind(|code| code.value == value && code.outcome.is_some());
            ResultCode {
                meaning: text(node, "meaning"),
                outcome: known.and_then(|code| code.outcome).unwrap_or_default(),
                text: optional(node, "text").or_else(|| known?.text.clone()),
                refuses_keys: known.is_some_and(|code| code.refuses_keys),
                retry_after: known.and_then(|code| code.retry_after),
                listed: node.text_of("source") == Some("listed"),
                pointer: pointer(node),
                code: value,
            }
        })
        .collect()
}

fn transaction_ref(post: &Node, request: Schema<'_>) -> Option<TransactionRef> {
    let path = post.text_of("x-skypay-transaction-id")?;
    let rust = |schema: Schema<'_>, name| Some(rust_name(name, schema.field(name)?));
    let Some((list, field)) = path.split_once("[].") else {
        let field = rust(request, path)?;
        return Some(TransactionRef { list: None, field });
    };
    Some(TransactionRef {
        list: Some(rust(request, list)?),
        field: rust(request.field(list)?.items()?, field)?,
    })
}

fn examples(body: &Body<'_>) -> Vec<Example> {
    let examples = body.examples.iter();
    examples
        .filter_map(|entry| {
            let value = entry.node.get("value")?;
            Some(Example {
                name: entry.key.clone(),
                summary: text(&entry.node, "summary"),
                json: value.to_json(),
                pretty: value.to_pretty_json().trim_end().to_owned(),
                value: value.json(),
            })
        })
        .collect()
}

fn code_tables(document: &Document<'_>) -> Vec<CodeTable> {
    let tables = document.components.iter().copied();
    let tables = tables.filter(|(_, table)| table.own.get("x-skypay-codes").is_some());
    tables
        .map(|(name, table)| CodeTable {
            name: name.to_owned(),
            doc: text(table.own, "description"),
            codes: table.codes().iter().map(code).collect(),
            pointer: pointer(table.own),
        })
        .collect()
}

fn code(node: &Node) -> Code {
    let only_with = optional(node, "onlyWith");
    let money = named(node, "moneyState").map(|state| Money {
        state,
        alone: only_with.as_ref().map_or(state, |_| MoneyState::Open),
        only_with,
    });
    Code {
        value: text(node, "value"),
        variant: text(node, "name"),
        doc: text(node, "description"),
        kind: optional(node, "kind"),
        read_only: node.flag("readOnly"),
        outcome: named(node, "outcome"),
        refuses_keys: node.flag("refusesKeys"),
        retry_after: named(node, "retryAfter"),
        money,
        text: optional(node, "text"),
        pointer: pointer(node),
    }
}

fn newtypes(document: &Document<'_>) -> Vec<Newtype> {
    let newtypes = document.components.iter();
    let newtypes = newtypes.filter(|(_, schema)| schema.own.flag("x-skypay-newtype"));
    newtypes
        .map(|(name, schema)| Newtype {
            name: (*name).to_owned(),
            doc: text(schema.own, "description"),
            sensitive: schema.own.flag("x-skypay-sensitive"),
        })
        .collect()
}
