// Holds the scripts of the Postman collection, as they stand in it, against the vectors of the
// envelope, against Node's own cryptography and against missing variables.
//
//     node postman.mjs COLLECTION VECTORS

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const [collection, vectors] = process.argv.slice(2).map(read);
const require = createRequire(import.meta.url);

const script = (listen) => {
  const found = collection.event.filter((event) => event.listen === listen);
  assert.equal(found.length, 1, `one script "${listen}"`);
  return found[0].script.exec.join("\n");
};
const before = script("prerequest");
const after = script("test");

// As much of Postman as the scripts use.
const run = (text, { name = "", variables = {}, body = "{}", url = "{{baseUrl}}/", answer = "" }) => {
  const told = { tests: [], failed: [], log: [] };
  const pm = {
    info: { requestName: name },
    variables: {
      get: (name) => variables[name],
      replaceIn: (text) => text.replace(/{{([^{}]+)}}/g, (all, name) => variables[name] ?? all),
    },
    request: {
      url: { toString: () => url },
      body: { mode: "raw", raw: body, update: (next) => Object.assign(pm.request.body, next) },
    },
    response: { text: () => answer },
    test: (name, check) => {
      try {
        check();
        told.tests.push(name);
      } catch (error) {
        told.failed.push([name, error]);
      }
    },
    visualizer: { set: (template, data) => Object.assign(told, { template, data }) },
  };
  const context = createContext({ pm, require, console: { log: (line) => told.log.push(line) } });
  try {
    runInContext(text, context);
  } catch (error) {
    told.error = error;
  }
  return { ...told, sent: pm.request.body.raw, context };
};

const all = Object.fromEntries(collection.variable.map(({ key }) => [key, `the ${key}, "ñ"`]));
const node = (make, key, input) => {
  const sha1 = (bytes) => createHash("sha1").update(bytes).digest();
  const cipher = make("aes-128-ecb", sha1(sha1(Buffer.from(key, "utf8"))).subarray(0, 16), null);
  return Buffer.concat([cipher.update(input), cipher.final()]);
};
const sealedByNode = (key, text) => node(createCipheriv, key, Buffer.from(text, "utf8"));
const openedByNode = (key, body) => node(createDecipheriv, key, Buffer.from(body, "base64"));

// Both scripts carry the functions of the envelope; both are held against every vector.
const vectorsHold = (text, name) => {
  const { context } = run(text, { variables: all, answer: sealedByNode(all.encryptKey, "{}").toString("base64") });
  const { seal, unseal } = context;
  let count = 0;
  for (const { name: what, passwordKey, plaintext, ciphertextBase64 } of vectors.vectors) {
    assert.equal(seal(plaintext, passwordKey), ciphertextBase64, `${name}: ${what}`);
    assert.equal(unseal(ciphertextBase64, passwordKey), plaintext, `${name}: ${what}`);
    const noBase64 = `${ciphertextBase64.slice(0, 4)}!!!!${ciphertextBase64.slice(4)}`;
    assert.throws(() => unseal(noBase64, passwordKey), { message: /not a sealed/ }, `${name}: ${what}`);
    count += 1;
  }
  for (const { name: what, passwordKey, plaintext, body } of vectors.decodeVariants) {
    assert.equal(unseal(body, passwordKey), plaintext, `${name}: ${what}`);
    count += 1;
  }
  for (const { name: what, passwordKey, body } of vectors.invalid) {
    assert.throws(() => unseal(body, passwordKey), { name: /Error/ }, `${name}: ${what}`);
    count += 1;
  }
  return count;
};

const items = collection.item.flatMap((item) => item.item ?? [item]);
const requests = items.flatMap((item) => [item.request, ...item.response.map((one) => one.originalRequest)]);

// What is sent is what is written, with the credentials of the one who sends.
const requestsAreSealed = () => {
  for (const { url, body } of requests) {
    const told = run(before, { variables: all, body: body.raw, url: url.raw });
    assert.ifError(told.error);
    const opened = JSON.parse(openedByNode(all.encryptKey, told.sent).toString("utf8"));
    const written = JSON.parse(body.raw);
    assert.deepEqual(Object.keys(opened), Object.keys(written), url.raw);
    const credentials = Object.keys(written).filter((key) => key in all);
    assert.ok(credentials.length > 0, "credentials stand in the body");
    const expected = credentials.map((key) => [key, all[key]]);
    assert.deepEqual(opened, { ...written, ...Object.fromEntries(expected) });
  }
  return requests.length;
};

// Without a variable that it needs, a request fails and leaves nothing in plaintext.
const missingVariablesAreRefused = () => {
  let count = 0;
  const used = new Set();
  const names = (url) => [...url.raw.matchAll(/{{([^{}]+)}}/g)].map(([, name]) => name);
  const inUrls = new Set(requests.flatMap(({ url }) => names(url)));
  for (const { request } of items) {
    const needed = Object.keys(all).filter((name) => !inUrls.has(name));
    for (const name of [...names(request.url), ...needed]) {
      for (const missing of [undefined, ""]) {
        const variables = { ...all, [name]: missing };
        const told = run(before, { variables, body: request.body.raw, url: request.url.raw });
        assert.match(String(told.error), new RegExp(`"${name}"`), name);
        assert.equal(told.sent, "", name);
        count += 1;
      }
      used.add(name);
    }
  }
  assert.deepEqual([...used].sort(), Object.keys(all).sort(), "every variable is needed somewhere");
  const broken = run(before, { variables: all, body: "{" });
  assert.match(String(broken.error), /JSON/);
  assert.equal(broken.sent, "");
  return count;
};

// Every answer opens, and one that is no success fails its test.
const answersAreOpened = () => {
  let count = 0;
  let refusals = 0;
  const answers = items.flatMap(({ name, response }) => response.map(({ body }) => ({ name, body })));
  for (const { name, body } of answers.filter(({ body }) => body)) {
    const answer = sealedByNode(all.encryptKey, body).toString("base64");
    const told = run(after, { name, variables: all, answer });
    assert.ifError(told.error);
    const code = JSON.parse(body).responseCode ?? "1000";
    const failed = told.failed.map(([name]) => name);
    assert.deepEqual(failed, code === "1000" ? [] : ["The answer is a success"], code);
    refusals += failed.length;
    assert.deepEqual(JSON.parse(told.data.shown), JSON.parse(body));
    assert.deepEqual(told.log, [told.data.shown]);
    count += 1;
  }
  const silent = run(after, { variables: all, answer: sealedByNode(all.encryptKey, "{}").toString("base64") });
  assert.deepEqual(silent.tests, ["The answer opens"], "an answer without a code is no success");
  for (const [variables, answer] of [
    [{ ...all, encryptKey: "another" }, sealedByNode(all.encryptKey, "{}").toString("base64")],
    [all, "{}"],
    [all, ""],
    [{}, sealedByNode(all.encryptKey, "{}").toString("base64")],
  ]) {
    const told = run(after, { variables, answer });
    assert.equal(told.failed.length, 2, "an answer that does not open fails the tests");
    assert.equal(told.tests.length, 0);
  }
  assert.ok(refusals > 0 && refusals < count, "there are refusals among the answers");
  return count;
};

try {
  const held = vectorsHold(before, "prerequest") + vectorsHold(after, "test");
  const sealed = requestsAreSealed();
  const refused = missingVariablesAreRefused();
  const opened = answersAreOpened();
  assert.ok(Math.min(held, sealed, refused, opened) > 0, "there was something to look at");
  console.log(
    `${held} vectors held, ${sealed} requests sealed, ${refused} refused for a missing variable, ` +
      `${opened} answers opened`,
  );
} catch (error) {
  console.error(`The scripts of the Postman collection fail: ${error.message}`);
  process.exitCode = 1;
}
