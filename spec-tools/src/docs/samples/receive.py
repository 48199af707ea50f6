# A server for callbacks. Put a proxy that ends TLS in front of it.
import hmac
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SENDER = {
    "{{userName}}": os.environ["{{ENV}}_USER_NAME"],
    "{{authentication}}": os.environ["{{ENV}}_AUTHENTICATION"],
}
CALLBACKS = {}


def callback(action):
    return lambda answer: CALLBACKS.setdefault(action, answer)


def fields(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("A field occurs twice.")
    return dict(pairs)


def receive(body):
    request = json.loads(decrypt(body), object_pairs_hook=fields)
    for field, expected in SENDER.items():
        if not hmac.compare_digest(request[field].encode(), expected.encode()):
            raise PermissionError("The credentials are wrong.")
    response = CALLBACKS[request["{{action}}"]](request)
    now = datetime.now(timezone(timedelta(seconds={{offset}})))
    response["{{time}}"] = now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-2]
    return encrypt(json.dumps(response))


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            length = min(int(self.headers["Content-Length"]), 65536)
            status, body = 200, receive(self.rfile.read(length))
        except Exception as error:
            # The same response for all errors says nothing to a forger.
            print("refused:", type(error).__name__)
            status, body = 500, b""
        self.send_response(status)
        self.send_header("Content-Type", "{{contentType}}")
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)


def serve(port):
    ThreadingHTTPServer(("127.0.0.1", port), Server).serve_forever()
