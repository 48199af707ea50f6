"""What Schemathesis has to be told of SkyPay, for `cargo xtask schemathesis`.

Everything here is read from the document or from what the sandbox printed when it started: the
operations, the fields that say who calls, the numbers that payouts have, the documented codes.

Two variables name the rest: `SKYPAY_SANDBOX_INFO` is what the sandbox printed, `SKYPAY_ANSWERS` the
file that gets a line of JSON for each answer.
"""

import json
import os
import re
import zlib
from collections import defaultdict

import requests
import schemathesis

INFO = json.loads(os.environ["SKYPAY_SANDBOX_INFO"])
ANSWERS = open(os.environ["SKYPAY_ANSWERS"], "w", buffering=1, encoding="utf-8")
PREFIXES = sorted(INFO["entities"])

# One in so many callers is a stranger, who says of itself whatever was generated.
STRANGERS = 8

# How far the sandbox's clock moves before each call, so that payouts come to a store and to an end
# while it is tested, and its keys do not expire before the end.
PACE = '{"by": "10m"}'

ADMIN = requests.Session()

# Numbers of payouts that the sandbox has accepted, by the name of the field.
known = defaultdict(list)

# What stands for success: the code that dispatch answers with.
accepted = None


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Leaves what partners call, and lets no answer have a field that the document does not."""
    global accepted
    accepted = raw_schema["x-skypay-answers"]["accepted"]["code"]
    paths = raw_schema["paths"]
    raw_schema["paths"] = {
        path: item for path, item in paths.items() if item.get("x-skypay-direction") != "callback"
    }
    answers = [item["post"]["responses"] for item in raw_schema["paths"].values()]
    schemas = raw_schema["components"]["schemas"]
    for name in reachable(answers, schemas):
        if schemas[name].get("type") == "object":
            schemas[name].setdefault("additionalProperties", False)


def reachable(start, schemas):
    """The components that something refers to, directly or not."""
    found, left = set(), [start]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left.extend(node)
        elif isinstance(node, dict):
            left.extend(node.values())
            name = str(node.get("$ref", "")).rpartition("#/components/schemas/")[2]
            if name in schemas and name not in found:
                found.add(name)
                left.append(schemas[name])
    return found


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes a caller that the sandbox knows of most of those that were generated."""
    ADMIN.post(f"{INFO['url']}/_sandbox/clock/advance", data=PACE).raise_for_status()
    draw = zlib.crc32(json.dumps(case.body, sort_keys=True, default=str).encode())
    if draw % STRANGERS == 0:
        return
    case.path_parameters = sign(case.path_parameters)
    if isinstance(case.body, dict):
        case.body = about(case.operation.definition.raw, sign(case.body), draw // STRANGERS)


def sign(fields):
    """Says who calls. What was left out on purpose, or is no text, stays as it is."""
    return {
        name: INFO.get(snake(name), value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def snake(name):
    """`userName` as the sandbox spells it: `user_name`."""
    return re.sub("([A-Z])", r"_\1", name).lower()


def about(operation, body, draw):
    """Gives what moves money numbers of this partner, mostly new ones; the others speak of those."""
    if draw % 4 == 0 or "x-skypay-subject" not in operation:
        return body
    path = operation["x-skypay-subject"].split("[].")
    field = path[-1]

    def number(value):
        if not isinstance(value, str):
            return value
        if operation["x-skypay-effect"] != "moves-money" and known[field]:
            return known[field][draw % len(known[field])]
        prefix = PREFIXES[draw % len(PREFIXES)]
        if draw % 4 == 1:
            return value if len(value) < len(prefix) else prefix + value[len(prefix) :]
        return f"{prefix}{draw % 10**8:08}"

    def inside(node, path):
        if isinstance(node, list):
            return [inside(item, path) for item in node]
        if not path or not isinstance(node, dict):
            return number(node) if not path else node
        return {
            name: inside(value, path[1:]) if name == path[0] else value
            for name, value in node.items()
        }

    return inside(body, path)


@schemathesis.hook
def after_call(context, case, response):
    """Writes down what was answered, and remembers the numbers of payouts."""
    if case.method != "POST":
        return
    operation = case.operation.definition.raw
    code = code_of(response)
    line = {"operation": operation["operationId"], "status": response.status_code, "code": code}
    print(json.dumps(line), file=ANSWERS)
    field = operation.get("x-skypay-subject")
    if code == accepted and operation["x-skypay-effect"] == "moves-money" and field in case.body:
        known[field].append(case.body[field])


def answer_of(response):
    """The answer as an object; the other checks complain if it is none."""
    try:
        answer = json.loads(response.content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def code_of(response):
    """The return code; nothing where there is none."""
    return answer_of(response).get("responseCode")


@schemathesis.check
def documented_code(ctx, response, case):
    """A return code is one of those that the document lists for the operation."""
    if case.method != "POST":
        return
    codes = [row["code"] for row in case.operation.definition.raw["x-skypay-result-codes"]]
    code = code_of(response)
    if code is not None and code not in codes:
        raise AssertionError(f"the code {code} is not documented here; {', '.join(codes)} are")


@schemathesis.check
def complete_success(ctx, response, case):
    """What the document promises for every success is there."""
    if case.method != "POST" or code_of(response) not in (None, accepted):
        return
    root = case.operation.schema.raw_schema
    schema = case.operation.definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
    properties = named(schema, root)["properties"]
    promised = [name for name, field in properties.items() if "x-skypay-on-success" in field]
    missing = [name for name in promised if name not in answer_of(response)]
    if missing:
        raise AssertionError(f"a success without {', '.join(missing)}")


def named(schema, root):
    """The component that a schema refers to."""
    name = schema["$ref"].rpartition("#/components/schemas/")[2]
    return root["components"]["schemas"][name]
