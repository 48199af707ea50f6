"""What Schemathesis needs to know of this API: who calls, which transactions exist, and what a code
means. All of it is read from the document and from the line that the sandbox printed when it started.
"""

import atexit
import json
import os
import re
import zlib

import requests
import schemathesis

INFO = json.loads(os.environ["SANDBOX_INFO"])
known = {}  # The transaction ids that the sandbox has accepted, by the name of their field.
never = set()  # The operations that the sandbox has not accepted yet.
atexit.register(lambda: print(*sorted(never), end="", file=open("never", "w")))


@schemathesis.hook
def before_load_schema(context, document):
    """Leaves out the callbacks, and forbids responses with fields that the document does not have."""
    paths = document["paths"].items()
    document["paths"] = {path: item for path, item in paths if "x-skypay-direction" not in item}
    never.update(item["post"]["operationId"] for item in document["paths"].values())
    for schema in document["components"]["schemas"].values():
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Seven requests of eight get valid credentials. Of those, four of five get a new transaction id
    where money moves, and an accepted one elsewhere.
    """
    # Payouts proceed while the run goes on, and the keys do not expire before its end.
    requests.post(f"{INFO['url']}/_sandbox/clock/advance", data='{"by": "10m"}').raise_for_status()
    draw = zlib.crc32(json.dumps(case.body, sort_keys=True, default=str).encode())
    if draw % 8:
        fill(case.operation.definition.raw, case.path_parameters, draw)
        fill(case.operation.definition.raw, case.body, draw)


def fill(operation, node, draw):
    for item in node if isinstance(node, list) else []:
        fill(operation, item, draw)
    for name, value in node.items() if isinstance(node, dict) else []:
        if not isinstance(value, str):
            fill(operation, value, draw)
        elif name != operation.get("x-skypay-transaction-id", "").rpartition(".")[2]:
            node[name] = INFO.get(re.sub("([A-Z])", r"_\1", name).lower(), value)
        elif draw % 5 and operation["x-skypay-effect"] == "moves-money":
            prefixes = sorted(INFO["entities"])
            node[name] = f"{prefixes[draw % len(prefixes)]}{draw % 10**8:08}"
        elif draw % 5 and name in known:
            node[name] = known[name][-1 - draw % min(len(known[name]), 3)]


@schemathesis.check
def documented(ctx, response, case):
    """The return code is one of those that the document lists for the operation."""
    if case.method != "POST" or not isinstance(body := response.json(), dict):
        return
    operation, root = case.operation.definition.raw, case.operation.schema.raw_schema
    code = body.get("responseCode")
    listed = [row["code"] for row in operation["x-skypay-result-codes"]]
    if code not in (None, *listed):
        raise AssertionError(f"the code {code} is not documented here; {', '.join(listed)} are")
    if code not in (None, root["x-skypay-answers"]["accepted"]["code"]):
        return
    never.discard(operation["operationId"])
    field = operation.get("x-skypay-transaction-id")
    if operation["x-skypay-effect"] == "moves-money" and field in case.body:
        known.setdefault(field, []).append(case.body[field])
