// The world of the browser tests: a sandbox, a partner that listens, and a
// browser that looks at the sandbox's page.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const root = join(import.meta.dirname, "../../..");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Where the pictures go. */
export const pictures = join(root, "target/browser");

/** The program under test. */
const program = process.env.SKYPAY;
assert.ok(program, "SKYPAY names the program `skypay`: run `cargo xtask verify browser`");

/** The document, with a path for each operation and its examples in place. */
const calls = JSON.parse(readFileSync(join(root, "target/exports/logical.json"), "utf8"));
const { webhooks } = JSON.parse(readFileSync(join(root, "target/exports/webhooks.json"), "utf8"));

/** The document's example of a request, as `key=value` for `skypay call`. */
export function request(operation, changes = {}) {
  const { examples } = calls.paths[`/services/{callerName}/${operation}`].post.requestBody.content[
    "application/json"
  ];
  const [{ value }] = Object.values(examples);
  const written = { ...value, ...changes };
  for (const byTheProgram of ["userName", "authentication", "action"]) delete written[byTheProgram];
  return Object.entries(written).map(([key, value]) => `${key}=${value}`);
}

/** Encrypts a body as SkyPay does. */
export function sealed(key, plaintext) {
  const sha1 = (bytes) => createHash("sha1").update(bytes).digest();
  const cipher = createCipheriv("aes-128-ecb", sha1(sha1(key)).subarray(0, 16), null);
  return cipher.update(plaintext, "utf8", "base64") + cipher.final("base64");
}

/** The document's example of how a partner answers a callback. */
export function answer(callback, changes = {}) {
  const { examples } = webhooks[callback].post.responses["200"].content["application/json"];
  return JSON.stringify({ ...examples.success.value, ...changes });
}

/** Starts the program and gives the first line that it prints. */
async function start(args, environment) {
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    // What comes later is not read, but must not block its writer.
    child.stdout.resume();
    return { child, told: JSON.parse(line) };
  }
  throw new Error(`skypay ${args[0]} ended without a word`);
}

export class World {
  /** A sandbox whose callbacks go to a partner that answers them. */
  static async begin() {
    const world = new World();
    mkdirSync(pictures, { recursive: true });
    const clock = ["--clock", "virtual"];
    world.sandbox = await start(["sandbox", "up", "--memory", "--port", "0", ...clock, "--json"]);
    world.url = world.sandbox.told.url;
    world.environment = { SKYPAY_SANDBOX: world.url };
    const inquiries = ["payoutInquiry", "collectionInquiry"];
    const answers = inquiries.flatMap((name) => ["--answer", `${name}=${answer(name)}`]);
    world.history = join(pictures, `callbacks-${process.pid}.jsonl`);
    world.partner = await start(
      ["listen", "--port", "0", "--history", world.history, ...answers, "--json"],
      world.environment,
    );
    world.skypay("callbacks", "set", world.partner.told.listening);
    const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";
    assert.ok(existsSync(browser), `${browser} is not there: install Debian's chromium, or set CHROMIUM`);
    world.browser = await chromium.launch({
      executablePath: browser,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
    });
    return world;
  }

  /** Runs the program to its end and gives what it printed. */
  skypay(...args) {
    return this.run(program, ...args);
  }

  /** Runs a command that finds the program and the sandbox. */
  run(command, ...args) {
    const PATH = `${dirname(program)}:${process.env.PATH}`;
    const env = { ...process.env, ...this.environment, PATH };
    return execFileSync(command, args, { env, encoding: "utf8" });
  }

  /** Orders a payout with the document's example, to an account of its own: an account
   * receives a limited number on a day. */
  order(changes) {
    const accountNo = changes.controlNumber.slice(-8);
    this.skypay("call", "payoutQueue", ...request("payoutQueue", { accountNo, ...changes }));
  }

  /** A page on which nothing may go wrong unseen. */
  async page(options = {}) {
    const context = await this.browser.newContext({
      baseURL: this.url,
      viewport: { width: 1280, height: 900 },
      colorScheme: "light",
      ...options,
    });
    const page = await context.newPage();
    page.wrong = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) page.wrong.push(message.text());
    });
    page.on("pageerror", (error) => page.wrong.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(this.url) && !request.url().startsWith("data:")) {
        page.wrong.push(`asks another host: ${request.url()}`);
      }
    });
    return page;
  }

  async end() {
    await this.browser?.close();
    for (const started of [this.partner, this.sandbox]) started?.child.kill();
  }
}

/** What axe finds against the rules of WCAG 2.1 AA, in words. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }),
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes[0].html})`);
}

export async function picture(page, name) {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Opens a part of the page. */
export async function open(page, path) {
  const response = await page.goto(path);
  assert.equal(response.status(), 200, path);
}

/** A result of a form, once the page shows it. */
export async function result(page) {
  const result = page.getByRole("region", { name: "Result" });
  await result.waitFor();
  return result.innerText();
}
