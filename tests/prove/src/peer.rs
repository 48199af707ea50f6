//! The part of a peer that is written for its version, and the process that
//! it runs as.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use codegen::model::{Api, Direction, Field, Message, Mode, Operation, Type};
use heck::ToSnakeCase;
use serde_json::{Value, json};

/// Builds every message from JSON through its builder, calls every operation
/// and serves every operation.
pub(crate) fn operations(api: &Api) -> String {
    let mut text = String::from(HEAD);
    text.push_str(
        "pub(crate) fn build(message: &str, value: &Value) -> Result<Value, String> {\n    \
         match message {\n",
    );
    let operations = api.operations.iter();
    let messages: Vec<_> = operations
        .flat_map(|operation| [&operation.request, &operation.response])
        .chain(&api.objects)
        .collect();
    for message in &messages {
        let name = &message.name;
        text.push_str(&format!(
            "        {name:?} => built({}(value)),\n",
            function(&message.name)
        ));
    }
    text.push_str("        _ => Err(\"no such message\".to_owned()),\n    }\n}\n\n");
    text.push_str(CALL);
    for operation in &api.operations {
        let client = match operation.direction {
            Direction::ToProvider => "skypay",
            Direction::ToPartner => "callbacks",
        };
        text.push_str(&format!(
            "        {:?} => match {}(value) {{\n            \
             Ok(request) => outcome(&clients.{client}.{}(&request).await),\n            \
             Err(refused) => not_built(&refused),\n        }},\n",
            operation.name,
            function(&operation.request.name),
            operation.method,
        ));
    }
    text.push_str("        _ => json!({ \"outcome\": \"no-operation\" }),\n    }\n}\n");
    for (api_name, direction) in [
        ("SkypayApi", Direction::ToProvider),
        ("PartnerCallbacks", Direction::ToPartner),
    ] {
        text.push_str(&format!("\nimpl s::{api_name} for Stage {{\n"));
        for operation in &api.operations {
            if operation.direction == direction {
                text.push_str(&handler(operation));
            }
        }
        text.push_str("}\n");
    }
    for message in messages {
        text.push_str(&builder(message));
    }
    text
}

const HEAD: &str = "\
#![allow(deprecated, unused)]

use serde_json::{Value, json};
use skypay_server as s;
use skypay_server::types as t;

use crate::{Clients, Stage, built, list, number, outcome, text};

";

const CALL: &str = "\
fn not_built(refused: &str) -> Value {
    json!({ \"outcome\": \"not-built\", \"said\": refused })
}

pub(crate) async fn call(clients: &Clients, operation: &str, value: &Value) -> Value {
    match operation {
";

fn handler(operation: &Operation) -> String {
    let (request, response) = (&operation.request.name, &operation.response.name);
    let method = &operation.method;
    let (output, answer) = if operation.mode == Mode::Notification {
        (
            "Result<s::Stored, s::NotStored>".to_owned(),
            "self.acknowledge()".to_owned(),
        )
    } else {
        (
            format!("Result<t::{response}, s::Refusal>"),
            format!(
                "self.answer({}, |number| {{\n            \
                 s::Refusal::partner::<t::{request}>(number, \"as planned\").map_err(|error| error.to_string())\n        \
                 }})",
                function(&operation.response.name)
            ),
        )
    };
    format!(
        "    async fn {method}(&self, _: &s::Context, _: t::{request}) -> {output} {{\n        \
         {answer}\n    }}\n"
    )
}

/// The function that builds a message.
fn function(message: &str) -> String {
    format!("build_{}", message.to_snake_case())
}

fn builder(message: &Message) -> String {
    let name = &message.name;
    let mut text = format!(
        "\nfn {}(value: &Value) -> Result<t::{name}, String> {{\n    \
         let mut builder = t::{name}::builder();\n",
        function(&message.name)
    );
    for field in &message.fields {
        text.push_str(&format!(
            "    if let Some(value) = value.get({:?}) {{\n        \
             builder = builder.r#{}({});\n    }}\n",
            field.wire,
            field.rust,
            argument(field),
        ));
    }
    text.push_str("    builder.build().map_err(|error| error.to_string())\n}\n");
    text
}

fn argument(field: &Field) -> String {
    match &field.ty {
        Type::List(item) => match &**item {
            Type::Object(name) => format!("list(value, {})?", function(name)),
            _ => "list(value, |item| Ok(text(item)))?".to_owned(),
        },
        Type::Object(name) => format!("{}(value)?", function(name)),
        Type::Integer(_) => "number(value)".to_owned(),
        Type::Boolean => "value.as_bool().unwrap_or_default()".to_owned(),
        _ => "text(value)".to_owned(),
    }
}

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl Peer {
    /// Starts one.
    pub(crate) fn start(program: &Path, schemas: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("cannot start {}: {error}", program.display());
        let mut process = Command::new(program)
            .arg(schemas)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{} has no pipes", program.display()));
        };
        let mut peer = Self {
            process,
            orders,
            answers: BufReader::new(answers),
            url: String::new(),
        };
        let port = peer.answer()?["port"].as_u64().unwrap_or_default();
        peer.url = format!("http://127.0.0.1:{port}");
        Ok(peer)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Tells it what to do.
    pub(crate) fn tell(&mut self, order: &Value) -> Result<Value, String> {
        // In one piece: the pipe has no buffer.
        let line = format!("{order}\n");
        let written = self.orders.write_all(line.as_bytes());
        written.map_err(|error| format!("a peer has ended: {error}"))?;
        let answer = self.answer()?;
        match answer.get("error") {
            Some(error) => Err(format!("a peer says {error} to {order}")),
            None => Ok(answer),
        }
    }

    /// Whether a message can be built, and what is sent then.
    pub(crate) fn build(&mut self, message: &str, value: &Value) -> Result<Option<Value>, String> {
        let order = json!({ "do": "build", "message": message, "value": value });
        Ok(self.tell(&order)?.get("built").cloned())
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.map_err(|error| format!("cannot read from a peer: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("a peer says {line:?}: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
