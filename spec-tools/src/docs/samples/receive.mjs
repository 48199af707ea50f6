// A server for callbacks. Put a proxy that ends TLS in front of it.
import { timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// A Map, because an object has members that no callback is meant to call.
const callbacks = new Map();
const isEqual = (one, other) => timingSafeEqual(sha1(one), sha1(other));

async function receive(body) {
  const request = JSON.parse(decrypt(body));
  if (
    !isEqual(request.{{userName}}, {{ENV}}_USER_NAME) ||
    !isEqual(request.{{authentication}}, {{ENV}}_AUTHENTICATION)
  ) {
    throw new Error("The credentials are wrong.");
  }
  const response = await callbacks.get(request.{{action}})(request);
  const now = new Date(Date.now() + {{offset}} * 1000).toISOString();
  response.{{time}} = now.replace("T", " ").replace("Z", "0");
  return encrypt(JSON.stringify(response));
}

async function bodyOf(request) {
  let body = "";
  for await (const part of request) {
    body += part;
    if (body.length > 65536) throw new Error("The body is too long.");
  }
  return body;
}

function serve(port) {
  createServer(async (request, response) => {
    try {
      if (request.method !== "POST") throw new Error("A callback is a POST.");
      const body = await receive(await bodyOf(request));
      response.setHeader("Content-Type", "{{contentType}}").end(body);
    } catch (error) {
      // The same response for all errors says nothing to a forger.
      console.error("refused:", error.name);
      response.writeHead(500).end();
    }
  }).listen(port, "127.0.0.1");
}
