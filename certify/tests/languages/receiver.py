"""A partner's callback server that books what it receives in SQLite, once.

    pip install cryptography
    python3 receiver.py 8080

It finds its credentials in SKYPAY_USER_NAME, SKYPAY_AUTHENTICATION and
SKYPAY_ENCRYPT_KEY, and its database, which has the tables of schema.sql, in
DATABASE.
"""

import base64
import binascii
import hmac
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import datetime, timedelta, timezone
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

USER_NAME = os.environ["SKYPAY_USER_NAME"]
AUTHENTICATION = os.environ["SKYPAY_AUTHENTICATION"]
KEY = sha1(sha1(os.environ["SKYPAY_ENCRYPT_KEY"].encode()).digest()).digest()[:16]
CIPHER = Cipher(algorithms.AES(KEY), modes.ECB())
MANILA = timezone(timedelta(hours=8))
LONGEST_BODY = 64 * 1024
PREFIX = "SKY98"

# The fields that identify what a callback changes.
EFFECT_KEYS = {
    "payoutPayout": ["controlNumber"],
    "payoutQueuePayout": ["controlNumber", "payType"],
    "collectionCollect": ["contractNumber", "receiptNumber", "payChannel"],
    "financeNotification": ["referenceNumber", "accountNo"],
}

SUCCESS = {"responseCode": "1000", "responseDescription": "Success"}
FOREIGN_PREFIX = {"responseCode": "-1014", "responseDescription": "Prefix is incorrect"}
ALREADY_PAID = {"responseCode": "-1026", "responseDescription": "Already paid"}
NO_PAYOUT = {"responseCode": "-1012", "responseDescription": "Control number invalid"}
NO_CONTRACT = {"responseCode": "-1015", "responseDescription": "Contract number invalid"}
UNKNOWN = {
    "payoutInquiry": NO_PAYOUT,
    "payoutPayout": NO_PAYOUT,
    "collectionInquiry": NO_CONTRACT,
    "collectionCollect": NO_CONTRACT,
}


class Refused(Exception):
    """All refusals look alike, so that nothing can be learned from them."""


def unique(members):
    """Refuses an object in which a name occurs twice."""
    fields = dict(members)
    if len(fields) != len(members):
        raise ValueError("a name occurs twice")
    return fields


def open_message(body):
    try:
        decryptor, unpadder = CIPHER.decryptor(), PKCS7(128).unpadder()
        padded = decryptor.update(base64.b64decode(body)) + decryptor.finalize()
        plaintext = unpadder.update(padded) + unpadder.finalize()
        message = json.loads(plaintext, object_pairs_hook=unique)
    except (binascii.Error, ValueError) as error:
        raise Refused from error
    for field, secret in [("userName", USER_NAME), ("authentication", AUTHENTICATION)]:
        given = message.get(field) if isinstance(message, dict) else None
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), secret.encode()):
            raise Refused
    return message


def seal_message(message):
    encryptor, padder = CIPHER.encryptor(), PKCS7(128).padder()
    padded = padder.update(json.dumps(message).encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize())


def key_of(action, message):
    try:
        return action + " " + ":".join(str(message[name]) for name in EFFECT_KEYS[action])
    except KeyError as error:
        raise Refused from error


def reply(database, action, message):
    """Answers a callback; commits what it changes before it is answered."""
    if action in UNKNOWN:
        number = str(message.get("controlNumber") or message.get("contractNumber"))
        if action.startswith("payout") and not number.startswith(PREFIX):
            return FOREIGN_PREFIX
        known = "SELECT details FROM transactions WHERE number = ?"
        details = database.execute(known, (number,)).fetchone()
        if not details:
            return UNKNOWN[action]
        if action.endswith("Inquiry"):
            paid = "SELECT 1 FROM booked WHERE key = ?"
            if database.execute(paid, (f"payoutPayout {number}",)).fetchone():
                return ALREADY_PAID
            return SUCCESS | json.loads(details[0])
    elif action not in EFFECT_KEYS:
        raise Refused
    book = "INSERT INTO booked VALUES (?, ?) ON CONFLICT DO NOTHING"
    database.execute(book, (key_of(action, message), json.dumps(message)))
    database.commit()
    return SUCCESS


class Callbacks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        if length > LONGEST_BODY:
            self.close_connection = True
            return self.answer(413)
        try:
            message = open_message(self.rfile.read(length))
            action = message.get("action") or self.path.rpartition("/")[2]
            with closing(sqlite3.connect(os.environ["DATABASE"], timeout=10)) as database:
                answer = reply(database, action, message)
        except Refused:
            return self.answer(400)
        now = datetime.now(MANILA).strftime("%Y-%m-%d %H:%M:%S.%f")[:-2]
        self.answer(200, seal_message(answer | {"responseTime": now}))

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing is logged: a request line may hold what a caller chose."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


server = Server(("127.0.0.1", int(sys.argv[1])), Callbacks)
print(f"Listening on http://127.0.0.1:{server.server_port}", file=sys.stderr)
server.serve_forever()
