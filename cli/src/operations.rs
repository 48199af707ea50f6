//! Every operation of the document as a subcommand. No operation is named here:
//! the types crate provides the list.

use std::borrow::Cow;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand};
use schemars::schema_for;
use serde_json::Value;
use skypay_client::{CallbackSender, Client, Error};
use skypay_types::{
    Direction, Effect, Invalid, Mode, OPERATIONS, Operation, OperationInfo, Outcome, Response,
    ResponseCode, Retry, Validate, read,
};

use crate::exit_status::Failure;
use crate::output::{OutputFormat, columns};
use skypay_sandbox::fields::request_fields;
use skypay_sandbox::operations::personal_data;
pub(crate) use skypay_sandbox::operations::{callbacks, find};
use skypay_sandbox::ordered_json::OrderedJson;

/// The result of a call: the typed response as on the wire, and its violations.
pub(crate) type Ended = Result<(OrderedJson, Option<Invalid>), Error>;

macro_rules! by_operation {
    (
        skypay { $($method:ident($request:ident) -> $response:ident;)* }
        notices { $($notice:ident($told:ident) -> $noted:ident;)* }
        inquiries { $($inquiry:ident($asked:ident) -> $answer:ident;)* }
    ) => {
        /// Calls an operation of SkyPay with a plaintext message.
        pub(crate) async fn call(
            client: &Client,
            info: &OperationInfo,
            plaintext: &[u8],
        ) -> Result<Ended, Failure> {
            $(if info.name == skypay_types::$request::INFO.name {
                let request = decode::<skypay_types::$request>(plaintext)?;
                return Ok(ended(client.$method(&request).await));
            })*
            Err(unknown_operation(info.name))
        }

        /// Sends a callback with a plaintext message.
        pub(crate) async fn send(
            sender: &CallbackSender,
            info: &OperationInfo,
            plaintext: &[u8],
        ) -> Result<Ended, Failure> {
            $(if info.name == skypay_types::$told::INFO.name {
                let request = decode::<skypay_types::$told>(plaintext)?;
                return Ok(ended(sender.$notice(&request).await));
            })*
            $(if info.name == skypay_types::$asked::INFO.name {
                let request = decode::<skypay_types::$asked>(plaintext)?;
                return Ok(ended(sender.$inquiry(&request).await));
            })*
            Err(unknown_operation(info.name))
        }

        /// Returns the violations of a callback's plaintext message.
        pub(crate) fn invalid(
            info: &OperationInfo,
            plaintext: &[u8],
        ) -> Result<Option<Invalid>, Failure> {
            $(if info.name == skypay_types::$told::INFO.name {
                return Ok(violations(&decode::<skypay_types::$told>(plaintext)?));
            })*
            $(if info.name == skypay_types::$asked::INFO.name {
                return Ok(violations(&decode::<skypay_types::$asked>(plaintext)?));
            })*
            Err(unknown_operation(info.name))
        }

        /// Returns the JSON Schema of a callback's request.
        fn callback_schema(name: &str) -> Value {
            $(if name == skypay_types::$told::INFO.name {
                return schema_for!(skypay_types::$told).to_value();
            })*
            $(if name == skypay_types::$asked::INFO.name {
                return schema_for!(skypay_types::$asked).to_value();
            })*
            Value::Null
        }

        /// Returns the return code and text of a plaintext response. A refusal
        /// lacks most of the fields of an accepted response, so it is parsed as the
        /// response to a notification, which has only these two.
        pub(crate) fn code_in(plaintext: &[u8]) -> Option<(String, Option<String>)> {
            let read = [$(said::<skypay_types::$noted>),*];
            read.into_iter().find_map(|said| said(plaintext))
        }
    };
}
skypay_types::with_operations!(by_operation);

fn ended<R: serde::Serialize + Validate>(result: Result<R, Error>) -> Ended {
    result.map(|response| (OrderedJson::of(&response), violations(&response)))
}

fn decode<O: Operation>(plaintext: &[u8]) -> Result<O, Failure> {
    read::from_slice(plaintext).map_err(|error| {
        let what = match error.field() {
            "" => format!("{}: {error}", O::INFO.name),
            field => format!("{}: the value of {field} cannot be read", O::INFO.name),
        };
        Failure::usage(what).help(format!(
            "`skypay … {} --help` says what it is.",
            O::INFO.name
        ))
    })
}

fn said<A: Response>(plaintext: &[u8]) -> Option<(String, Option<String>)> {
    let answer = read::from_slice::<A>(plaintext).ok();
    let answer = answer.as_ref();
    let code = answer.and_then(Response::response_code).map(str::to_owned);
    let description = answer.and_then(Response::response_description);
    Some((code?, description.map(str::to_owned)))
}

/// Returns the constraint violations of a message, as far as it can be parsed.
pub(crate) fn violations<M: Validate>(message: &M) -> Option<Invalid> {
    message.validate().err()
}

/// Returns a warning if fields of a callback have codes that the document does not list,
/// which no constraint forbids.
pub(crate) fn unlisted_codes(info: &OperationInfo, plaintext: &[u8]) -> Option<String> {
    let schema = callback_schema(info.name);
    let message: Value = serde_json::from_slice(plaintext).ok()?;
    let fields = message.as_object()?.iter().filter_map(|(name, value)| {
        let property = &schema["properties"][name];
        // An optional field is one of a type and null.
        let optional = &property["anyOf"][0];
        let reference = property["$ref"].as_str().or(optional["$ref"].as_str())?;
        let table = schema.pointer(reference.strip_prefix('#')?)?;
        // The schema of a code table is open, with the codes as examples.
        let listed = table["examples"].as_array()?;
        let code = match value {
            Value::String(code) => code.trim().to_owned(),
            Value::Number(code) => code.to_string(),
            _ => return None,
        };
        let is_unlisted = !code.is_empty() && !listed.iter().any(|known| *known == code);
        is_unlisted.then(|| format!("{name}: {code} is no code that the document lists"))
    });
    let warnings: Vec<_> = fields.collect();
    (!warnings.is_empty()).then(|| warnings.join("; "))
}

/// Returns a message of an operation, masked without `--show-personal-data`.
pub(crate) fn shown(info: &OperationInfo, tree: OrderedJson, format: OutputFormat) -> OrderedJson {
    if format.show_personal_data {
        return tree;
    }
    match info.direction {
        Direction::ToProvider => tree.masked(info.personal_data),
        // A partner may answer with fields of another operation.
        Direction::ToPartner => tree.masked(&personal_data()),
    }
}

/// Returns a request as it is shown: with the names of channels in place of their codes.
pub(crate) fn with_channel_names(info: &OperationInfo, request: OrderedJson) -> OrderedJson {
    let OrderedJson::Object(members) = request else {
        return request;
    };
    let fields = request_fields(info.name);
    let members = members.into_iter().map(|(name, value)| {
        let field = fields.iter().find(|field| field.name == name);
        let channel = match &value {
            OrderedJson::Text(code) => field.and_then(|field| field.name_of(code)),
            _ => None,
        };
        (name, channel.map_or(value, OrderedJson::Text))
    });
    OrderedJson::Object(members.collect())
}

fn unknown_operation(name: &str) -> Failure {
    Failure::usage(format!("{name} cannot be called from this side"))
}

/// An operation with its request fields, as a subcommand: one of SkyPay, or a callback
/// to the partner.
#[derive(Clone, Debug)]
pub(crate) struct Chosen<const IS_CALLBACK: bool> {
    pub(crate) info: &'static OperationInfo,
    pub(crate) fields: Vec<String>,
}

fn is_offered<const IS_CALLBACK: bool>(info: &OperationInfo) -> bool {
    (info.direction == Direction::ToPartner) == IS_CALLBACK
}

impl<const IS_CALLBACK: bool> FromArgMatches for Chosen<IS_CALLBACK> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let fields = matches.get_many::<String>("field");
        Ok(Self {
            info: find(name).ok_or_else(missing)?,
            fields: fields.into_iter().flatten().cloned().collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<const IS_CALLBACK: bool> Subcommand for Chosen<IS_CALLBACK> {
    fn augment_subcommands(command: Command) -> Command {
        let offered = OPERATIONS.iter();
        let offered = offered.filter(|info| is_offered::<IS_CALLBACK>(info));
        command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand_value_name("OPERATION")
            .subcommand_help_heading("Operations")
            .disable_help_subcommand(true)
            .subcommands(offered.map(|info| {
                let command = Command::new(info.name).about(info.summary);
                command.defer(with_fields)
            }))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        find(name).is_some_and(is_offered::<IS_CALLBACK>)
    }
}

/// Adds the arguments and the help of an operation; only built on demand.
fn with_fields(command: Command) -> Command {
    let after = find(command.get_name()).map(described);
    let field = Arg::new("field")
        .value_name("FIELD=VALUE")
        .action(ArgAction::Append)
        .help("Fields by their names on the wire; FIELD:=JSON for lists and objects");
    command.arg(field).after_help(after.unwrap_or_default())
}

fn described(info: &'static OperationInfo) -> String {
    let fields = request_fields(info.name);
    let (required, optional): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|field| field.required);
    let mut text = String::new();
    for (title, fields) in [("Fields", required), ("Optional fields", optional)] {
        if !fields.is_empty() {
            let rows: Vec<_> = fields
                .iter()
                .map(|field| (&field.name, &field.about))
                .collect();
            text.push_str(&format!("{title}:\n{}\n\n", columns(&rows, 2)));
        }
    }
    let rows = [
        ("action", Cow::from(info.action)),
        ("answer", Cow::from(mode(info.mode))),
        ("effect", Cow::from(effect(info.effect))),
        ("again", retry(info)),
        ("refused", codes(info, Outcome::Rejected)),
        ("unknown", codes(info, Outcome::Unknown)),
    ];
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(_, said)| !said.is_empty())
        .collect();
    text.push_str(&format!("Behaviour:\n{}", columns(&rows, 2)));
    text
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Asynchronous => "acknowledges; the outcome comes by callback",
        Mode::Synchronous => "is the outcome",
        Mode::Notification => "can only acknowledge",
    }
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Reads => "reads",
        Effect::ChangesState => "changes state, moves no money",
        Effect::MovesMoney => "moves money",
    }
}

fn retry(info: &OperationInfo) -> Cow<'static, str> {
    let when = info
        .status_query_delay
        .map(|seconds| format!(", not before {seconds} seconds"));
    let when = when.unwrap_or_default();
    match (info.retry, info.status_query) {
        (Retry::Safe, _) => "may be sent again".into(),
        (Retry::AfterStatusQuery, Some(ask)) => format!("only after asking {ask}{when}").into(),
        (Retry::AfterStatusQuery, None) => "only after asking".into(),
        (Retry::Never, Some(ask)) => format!("never; {ask} tells what became of it{when}").into(),
        (Retry::Never, None) => "never".into(),
    }
}

fn codes(info: &OperationInfo, outcome: Outcome) -> Cow<'static, str> {
    let codes = info.codes.iter().filter(|listed| listed.outcome == outcome);
    let codes = codes.map(|listed| format!("{:?}", ResponseCode::from(listed.code)));
    codes.collect::<Vec<_>>().join(", ").into()
}
