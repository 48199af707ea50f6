//! Names that are already used by Rust, its standard library or the generated
//! code, as every kind of name in a document that becomes a Rust name.

use std::collections::BTreeMap;

/// The document that uses every keyword.
const EVERY_WORD: &str = include_str!("../documents/every-word.yaml");

/// The names, separated by whitespace, used as every kind. A name that starts
/// with a lower-case letter is also used as a type with a capital.
const NAMES: &str = "
    abstract as async auto await become box break const continue crate default do dyn else enum
    extern false final fn for gen if impl in let loop macro macro_rules match mod move mut override
    priv pub raw ref return safe self Self static struct super trait true try type typeof union
    unsafe unsized use virtual where while yield
    Option Some None Result Ok Err Vec String Box ToString ToOwned Clone Copy Send Sync Sized Drop
    Fn FnMut FnOnce AsRef AsMut Into From TryFrom TryInto FromIterator Default Iterator
    IntoIterator Extend Eq PartialEq Ord PartialOrd Debug Hash Future IntoFuture Display Error
    std core alloc serde schemars skypayRuntime skypay_types reqwest axum tokio progenitorClient
    str u8 u32 i64 bool char usize f64 println vec format matches
    Amount Answer AsText Callbacks CallbackSender Client Clock Config Context Cow Credentials
    Custom Date DateTime Direction Dispatcher Effect Envelope Environment Fields Handler Infallible Invalid
    JsonSchema KeyRing Limits Mode NotSent NotStored Operation OperationInfo OPERATIONS Outcome
    PROTOCOL PartnerCallbacks Pattern PersonName Production Protocol Refusal Reply Retry RetryAfter
    Router
    RULES Rule Sensitive Serialize Deserialize Serializer SetupError Skypay SkypayApi Slot HeaderValues
    Stored Test Transport Unrecognized Validate Violation Violations Visitor ALL PATTERN INFO
    C D E F S T V
    add all_of and api as_mut as_ref as_str as_text at aux baseurl borrow build build_er builder
    call callPay call_pay callback_sender callbacks check clear client clone cmp codes con
    config context deserialize drop each eq error exec fmt from from_plain from_slice
    from_str from_wire handle handler hash host index info inner inquiry into into_iter is_listed
    item items iter keys len lib list main map message neg new next not notStored not_implemented
    notice nul of operation operations optional or_default path post pre prn protocol range
    read request required response response_code response_time result router rows rules sender
    serialize service set sink skypay fill_header transaction_ids sum take text then time to_owned to_string
    transport try_from try_into types unwrap url value values version wire with_transport
    lowerCase UPPER Foo foo FOO fOO a_b aB A_b a-b ab _x x_ __ x__y _ 9x x9 x_9 x9y X9 9
    金额 Größe größe é ñandú İ ß ａ а́b a.b a/b a~b a'b a\"b a\\b a#b a{b} a:b a,b <a> ${a} %41 a!
";

/// Names used as operations as well: each creates a module and ten items.
const OPERATIONS: &str = "
    async crate dyn gen mod self super try type union
    alloc api at aux baseurl build builder callPay call_pay callbacks client clone codes con
    config core default drop exec fmt from inner into keys lib main new notice nul of_x9 post pre
    prn read router rows self serde serialize service skypayRuntime std str then transport try_into
    u8 types url values wire with_transport a_b aB lowerCase x_9 9x é 金额 _x a-b
";

/// A use of a name.
struct Try {
    /// The kind of Rust name, for messages.
    kind: &'static str,
    name: String,
    /// The location of the name, as a JSON pointer.
    pointer: String,
    /// What is added to the document for it, and where.
    added: Vec<(Slot, String)>,
}

/// A part of the document to which something is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Servers,
    Paths,
    Components,
    Fields,
    Received,
    Codes,
    Values,
}

/// Returns the document with all names that the generator accepts, and their
/// number by kind. Each refused name has a diagnostic with its rule and location.
pub(crate) fn accepted() -> (String, BTreeMap<&'static str, usize>) {
    let mut tries = tries();
    loop {
        // Indexes in lists depend on the preceding entries.
        place_in_lists(&mut tries);
        let document = with(&tries);
        let Err(diagnostics) = codegen::generate(&document) else {
            let mut kinds = BTreeMap::new();
            for one in &tries {
                *kinds.entry(one.kind).or_default() += 1;
            }
            return (document, kinds);
        };
        let before = tries.len();
        for diagnostic in diagnostics.as_slice() {
            assert!(diagnostic.location.line > 1, "{diagnostic:?}");
            let is_meant = |one: &Try| one.pointer == diagnostic.location.pointer;
            assert!(tries.iter().any(is_meant), "{diagnostic:?}");
        }
        let refused = diagnostics
            .as_slice()
            .iter()
            .map(|diagnostic| &diagnostic.location);
        tries.retain(|one| {
            !refused
                .clone()
                .any(|location| one.pointer == location.pointer)
        });
        assert!(tries.len() < before);
    }
}

fn tries() -> Vec<Try> {
    let mut tries = Vec::new();
    let mut types = 0;
    for name in NAMES.split_whitespace() {
        let key = quoted(name);
        let escaped = escaped(name);
        tries.push(Try {
            kind: "field",
            name: name.to_owned(),
            pointer: format!("/components/schemas/PayRequest/properties/{escaped}"),
            added: vec![(Slot::Fields, field(&key))],
        });
        tries.push(Try {
            kind: "environment",
            name: name.to_owned(),
            pointer: String::new(),
            added: vec![(
                Slot::Servers,
                format!("  - {{url: https://example.com, description: D., x-skypay-environment: {key}}}\n"),
            )],
        });
        if OPERATIONS.split_whitespace().any(|other| other == name) {
            tries.push(operation(name, tries.len()));
        }
        let mut capital = vec![name.to_owned()];
        let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        let capitalised = first.to_uppercase() + rest;
        if NAMES.split_whitespace().all(|other| other != capitalised) {
            capital.push(capitalised);
        }
        for name in capital {
            let key = quoted(&name);
            tries.push(Try {
                kind: "code",
                name: name.clone(),
                pointer: String::new(),
                added: vec![
                    (
                        Slot::Codes,
                        format!("        - {{value: {key}, name: {key}, description: D.}}\n"),
                    ),
                    (Slot::Values, format!("{key}, ")),
                ],
            });
            types += 1;
            tries.push(a_type(&name, types));
        }
    }
    tries
}

/// Returns a field of a request.
fn field(key: &str) -> String {
    format!(
        "        {key}: {{type: string, maxLength: 9, pattern: '^x$', description: D., example: x}}\n"
    )
}

/// Creates a type, cycling through the kinds, and a field of that type.
fn a_type(name: &str, number: usize) -> Try {
    let key = quoted(name);
    let schema = match number % 3 {
        0 => format!(
            "    {key}:\n      type: object\n      description: D.\n      properties:\n        inside: {{type: string, description: D., example: x}}\n"
        ),
        1 => format!(
            "    {key}:\n      type: string\n      description: D.\n      example: '1'\n      enum: ['1']\n      x-skypay-codes:\n        - {{value: '1', name: One, description: D.}}\n"
        ),
        _ => format!(
            "    {key}: {{type: string, maxLength: 9, description: D., example: x, x-skypay-newtype: true}}\n"
        ),
    };
    let target = quoted(&format!("#/components/schemas/{name}"));
    let (slot, field) = if number.is_multiple_of(2) {
        let one = format!("        oneOfType{number}: {{$ref: {target}}}\n");
        (Slot::Fields, one)
    } else {
        let many = format!(
            "        manyOfType{number}: {{type: array, description: D., items: {{$ref: {target}}}}}\n"
        );
        (Slot::Received, many)
    };
    Try {
        kind: "type",
        name: name.to_owned(),
        pointer: format!("/components/schemas/{}", escaped(name)),
        added: vec![(Slot::Components, schema), (slot, field)],
    }
}

/// Creates an operation, alternately a call and a callback, with separate message
/// types.
fn operation(name: &str, number: usize) -> Try {
    let key = quoted(name);
    let (path, direction) = if number.is_multiple_of(2) {
        (
            "/services/{callerName}",
            "    parameters: [{$ref: '#/components/parameters/callerName'}]\n",
        )
    } else {
        ("/skypay", "    x-skypay-direction: callback\n")
    };
    let path_key = quoted(&format!("{path}#{name}"));
    let path = format!(
        "  {path_key}:
{direction}    post:
      operationId: {key}
      summary: Does it
      description: D.
      x-skypay-chapter: {{current: '9'}}
      x-skypay-mode: synchronous
      x-skypay-effect: reads
      x-skypay-retry: {{policy: safe, note: N.}}
      x-skypay-result-codes:
        - {{code: '1000', meaning: Done., source: listed}}
      requestBody:
        required: true
        content:
          application/json:
            schema: {{$ref: '#/components/schemas/Operation{number}Request'}}
            examples:
              it: {{value: {{userName: app, action: {key}, authentication: secret}}}}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/Operation{number}Response'}}
              examples:
                success: {{value: {{responseCode: '1000'}}}}
"
    );
    let schemas = format!(
        "    Operation{number}Request:
      type: object
      description: D.
      required: [userName, action, authentication]
      properties:
        userName: {{$ref: '#/components/schemas/UserName'}}
        action: {{type: string, enum: [{key}], description: D., x-skypay-transport: true}}
        authentication: {{$ref: '#/components/schemas/Authentication'}}
    Operation{number}Response:
      type: object
      description: D.
      required: [responseCode]
      properties:
        responseCode: {{$ref: '#/components/schemas/ResponseCode'}}
"
    );
    Try {
        kind: "operation",
        name: name.to_owned(),
        pointer: format!(
            "/paths/{}/post/operationId",
            escaped(path_key_of(number, name).as_str())
        ),
        added: vec![(Slot::Paths, path), (Slot::Components, schemas)],
    }
}

fn path_key_of(number: usize, name: &str) -> String {
    if number.is_multiple_of(2) {
        format!("/services/{{callerName}}#{name}")
    } else {
        format!("/skypay#{name}")
    }
}

fn place_in_lists(tries: &mut [Try]) {
    // The document already has two servers.
    let (mut servers, mut codes) = (2, 0);
    for one in tries {
        match one.kind {
            "environment" => {
                one.pointer = format!("/servers/{servers}/x-skypay-environment");
                servers += 1;
            }
            "code" => {
                one.pointer = format!("/components/schemas/EachCode/x-skypay-codes/{codes}");
                codes += 1;
            }
            _ => {}
        }
    }
}

fn with(tries: &[Try]) -> String {
    let all = |wanted: Slot| -> String {
        let added = tries.iter().flat_map(|one| &one.added);
        let added = added.filter(|(slot, _)| *slot == wanted);
        added.map(|(_, text)| text.as_str()).collect()
    };
    let table = format!(
        "    EachCode:\n      type: string\n      description: D.\n      enum: [{}]\n      example: {}\n      x-skypay-codes:\n{}",
        all(Slot::Values),
        quoted(&tries.iter().find(|one| one.kind == "code").unwrap().name),
        all(Slot::Codes)
    );
    let mut document = EVERY_WORD.to_owned();
    for (before, added) in [
        ("x-skypay-answers:\n", all(Slot::Servers)),
        ("components:\n", all(Slot::Paths)),
        ("    UserName:\n", all(Slot::Components) + &table),
        ("        phone: {type: string,", all(Slot::Fields)),
        (
            "        partly: {type: boolean,",
            all(Slot::Received) + "        eachCode: {$ref: '#/components/schemas/EachCode'}\n",
        ),
    ] {
        assert_eq!(document.matches(before).count(), 1, "{before}");
        document = document.replacen(before, &format!("{added}{before}"), 1);
    }
    document
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// Escapes a segment of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
