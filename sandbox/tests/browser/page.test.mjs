// The sandbox's page in a browser: what a person does with it, and that every
// part of it can be read by everybody. Run by `cargo xtask verify browser`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { World, barriers, open, picture, pictures, request, result, sealed } from "./world.mjs";

let world;
before(async () => (world = await World.begin()));
after(() => world?.end());

/** The reason that the page gives for the newest request. */
async function reason(page) {
  await open(page, "/requests");
  await page.locator("tbody th a").first().click();
  return page.locator("p.notice", { hasText: "Why:" }).innerText();
}

test("the overview says how far a service is connected", async () => {
  const page = await world.page();
  const steps = page.locator("ol.checklist li");
  const done = async () => {
    await open(page, "/");
    return (await steps.allTextContents()).map((step) => step.startsWith("done"));
  };
  assert.deepEqual(await done(), [true, false, false, false, false]);
  world.order({ controlNumber: "SKY9800000701" });
  world.skypay("clock", "advance", "300s");
  assert.deepEqual(await done(), [true, true, true, true, false]);
  await open(page, "/callbacks");
  await page.getByRole("button", { name: "Replay payoutQueuePayout" }).first().click();
  await page.locator("tbody tr", { hasText: "repeats" }).first().waitFor();
  assert.deepEqual(await done(), [true, true, true, true, true]);

  // Callbacks by result and latency, and payouts and the balance over time.
  for (const plot of [/^The last \d+ callbacks, at most/, /^The last 1 payout, since/, /^The balance of SKY98 since/]) {
    await page.getByRole("img", { name: plot }).waitFor();
  }
  const latest = page.locator("tbody tr", { hasText: "callback ended" });
  await latest.first().getByRole("link", { name: "payoutQueuePayout #" }).click();
  await page.getByRole("heading", { level: 1, name: "payoutQueuePayout #" }).waitFor();
  assert.deepEqual(page.wrong, []);
});

test("everything is found by its number, and lists are filtered, sorted and downloaded", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  const number = "SKY9800000711";
  world.order({ controlNumber: number, amount: "4711.00" });
  world.order({ controlNumber: "SKY9800000712", amount: "4712.00" });
  await open(page, "/faults");
  await page.getByRole("searchbox").fill(number);
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("link", { name: "payoutQueue #" }).waitFor();
  await page.getByRole("link", { name: number, exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: number }).waitFor();

  await open(page, "/transactions");
  await page.getByLabel("State").selectOption({ label: "Pending (0)" });
  await page.getByLabel("Channel").selectOption({ label: "Bank (5)" });
  await page.getByLabel("Amount from").fill("4,711");
  await page.getByLabel("Amount to").fill("4712");
  await page.getByRole("button", { name: "Filter" }).click();
  const numbers = () => page.locator("tbody th").allInnerTexts();
  assert.deepEqual(await numbers(), ["SKY9800000712", number]);
  await page.getByLabel("Order").selectOption("Smallest amount first");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.deepEqual(await numbers(), [number, "SKY9800000712"]);

  // A filtered list is a link, also to its download.
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download as CSV" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "transactions.csv");
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");
  assert.equal(lines.length, 3);
  assert.match(lines[1], /^"SKY9800000711","Payout","Bank \(5\)",.*,"Pending \(0\)","4711.00"$/);

  await open(page, "/transactions?from=2999-01-01");
  assert.deepEqual(await numbers(), []);
  await open(page, "/callbacks");
  await page.getByLabel("Last answer").selectOption("Success (1000)");
  await page.getByRole("button", { name: "Filter" }).click();
  const answers = await page.locator("tbody td:nth-child(5)").allInnerTexts();
  assert.ok(answers.length > 0 && answers.every((answer) => answer.includes("1000")), `${answers}`);
  assert.deepEqual(page.wrong, []);
});

test("callbacks are replayed in bulk, and what differs between attempts is shown", async () => {
  const page = await world.page();
  await open(page, "/callbacks");
  await page.locator("tbody tr").first().waitFor();
  const count = async () => Number((await page.getByText(/^\d+ callbacks$/).innerText()).split(" ")[0]);
  const before = await count();
  for (const box of [0, 1]) await page.getByRole("checkbox").nth(box).check();
  await page.getByRole("button", { name: "Replay the chosen ones" }).click();
  await page.getByText(`${before + 2} callbacks`).waitFor();
  await page.getByRole("link", { name: "Choose all on this page" }).click();
  assert.ok(await page.getByRole("checkbox").last().isChecked());

  world.skypay("behavior", "callback-retry", "until-answered");
  world.skypay("fault", "add", "callbacks", "--times", "1", "reset");
  world.skypay("finance", "recharge", "SKY98", "5000");
  world.skypay("clock", "advance", "300s");
  await open(page, "/callbacks?operation=financeNotification");
  const newest = page.locator("tbody tr").first();
  assert.match(await newest.innerText(), /Success \(1000\)\s+\d+ ms\s+2/);
  await newest.getByRole("link").first().click();
  const second = page.locator("ol.history li", { hasText: "Other than attempt 1" });
  assert.match(await second.innerText(), /Success \(1000\) instead of No response/);
  assert.match(await second.locator("details[open]").innerText(), /"responseCode": "1000"/);
  await picture(page, "callback-attempts");
  world.skypay("behavior", "callback-retry", "never");
  world.skypay("fault", "clear");
  assert.deepEqual(page.wrong, []);
});

test("with curl and the page alone, one finds out why a request was refused", async () => {
  const page = await world.page();
  const { user_name, authentication, encrypt_key } = world.sandbox.told;
  const signed = (fields) => JSON.stringify({ userName: user_name, authentication, ...fields });
  const order = Object.fromEntries(request("payoutQueue").map((field) => field.split(/=(.*)/s)));
  const path = "/services/sandbox";
  for (const [to, body, why, ...more] of [
    [`${path}/payoutQueue`, signed({ ...order, phone: "091234567890" }), /phone: must have at most 11 characters, not 12/],
    [path, signed({ ...order, action: "payMe" }), /there is no operation "payMe"/],
    [path, sealed("another's", "{}"), /does not decrypt with any key of this caller/],
    [path, sealed(encrypt_key, "{}"), /userName is missing/],
    [path, "not JSON", /neither JSON nor Base64, from its character 4 on/],
    [path, '{"amount":', /the plaintext is not JSON: EOF/],
    ["/services/elsewhere/balanceQuery", signed({}), /the caller "elsewhere" is not known/],
    [path, "a=%7B", /percent-encoded/],
    [path, "amount=1", /the plaintext is not JSON/, "-H", "Content-Type: application/json"],
    [`${path}/balanceQuery`, signed({ userName: "x" }), /userName is not "Sandbox@skypay"/],
    [`${path}/balanceQuery`, signed({ authentication: "x" }), /authentication is that of no pair/],
  ]) {
    execFileSync("curl", ["-s", "--data-binary", body, ...more, world.url + to]);
    assert.match(await reason(page), why);
  }
  await picture(page, "request-refused");
  assert.deepEqual(page.wrong, []);

  // The newest is found by its reason, and with every filter.
  await open(page, "/requests?result=refused");
  await page.getByLabel("Text").fill("no pair");
  await page.getByLabel("Operation").selectOption("balanceQuery");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.equal(await page.locator("tbody tr").count(), 1);
});

test("a request for each operation is sent with the document's example", async () => {
  const page = await world.page();
  await open(page, "/send");
  const names = await page.getByLabel("Operation").locator("option").evaluateAll((options) =>
    options.map((option) => option.value),
  );
  assert.equal(names.length, 17);
  const results = new Set();
  for (const name of names) {
    await open(page, "/send");
    await page.getByLabel("Operation").selectOption(name);
    await page.getByRole("button", { name: "Choose" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("heading", { level: 1, name: `${name} #` }).waitFor();
    results.add(await page.locator("dl.facts .badge").first().innerText());
  }
  assert.deepEqual([...results].sort(), ["accepted", "refused"]);
  assert.deepEqual(page.wrong, []);
});

test("a payout is ordered in the browser, and a wrong field is explained", async () => {
  const page = await world.page();
  await open(page, "/send?operation=payoutQueue");
  const number = await page.getByLabel("controlNumber").inputValue();
  await page.getByLabel("phone").fill("091234567890");
  await picture(page, "send-payout");
  await page.getByRole("button", { name: "Send" }).click();
  assert.match(await page.locator("p.notice").innerText(), /Why: phone: must have at most 11 characters, not 12/);

  await open(page, "/send?operation=payoutQueue");
  assert.equal(await page.getByLabel("controlNumber").inputValue(), number);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Success (1000)").waitFor();
  await page.getByRole("link", { name: number }).click();
  await page.getByRole("link", { name: number }).first().click();
  await page.getByText("expected:", { exact: false }).first().waitFor();
  // The next payout has a number of its own.
  await open(page, "/send?operation=payoutQueue");
  assert.notEqual(await page.getByLabel("controlNumber").inputValue(), number);
  assert.deepEqual(page.wrong, []);
});

test("a request, a callback and the credentials are copied as commands and calls that work", async () => {
  const page = await world.page();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const all = page.locator("details.samples");
  /** Copies what is folded under a label. */
  const copied = async (label, within = page) => {
    const folded = within.locator("details", { has: page.getByText(label, { exact: true }) }).last();
    await folded.locator("summary").click();
    return pressed(folded);
  };
  /** Presses the button that copies, and gives what was copied. */
  const pressed = async (folded) => {
    // The page may be shown again at any time, with new buttons.
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await folded.getByRole("button", { name: /^Cop/ }).click();
    const text = await page.waitForFunction(() => navigator.clipboard.readText());
    return text.jsonValue();
  };
  /** Copies and runs what needs a shell only. */
  const run = async (label, within) => world.run("bash", "-c", await copied(label, within));
  const opened = async () => {
    await page.getByRole("link", { name: "Show them" }).click();
    await all.locator("summary").first().click();
  };
  const newest = () => page.locator("tbody th a").first();

  await open(page, "/?personal=true");
  await all.locator("summary").first().click();
  assert.match(await run("curl and openssl", all), /"responseCode":"1000"/);
  assert.match(await run("skypay", all), /balance/);
  // Each language has a call, with the variables and the code of the API reference.
  const variables = await copied("Environment variables", all);
  for (const [label, call] of [
    ["PHP", "$response = call('balanceQuery', []);"],
    ["Java", 'String response = Api.call("balanceQuery", "");'],
    ["Node.js", 'const response = await call("balanceQuery", {});'],
    ["Python", 'response = call("balanceQuery", {})'],
    ["Go", 'response, err := call("balanceQuery", map[string]any{})'],
  ]) {
    assert.equal(await copied(label, all), call);
  }
  assert.match(await copied("Rust", all), /sender\.balance_query\(&request\)/);

  // A request with its own values; the program in JavaScript is run.
  const number = "SKY9800000702";
  world.order({ controlNumber: number, amount: "1234.00" });
  await open(page, `/requests?number=${number}`);
  await newest().click();
  assert.match(await run("As curl"), /^[A-Za-z0-9+/=]+$/);
  await opened();
  // The number was used already.
  assert.match(await run("curl and openssl", all), /"responseCode":"-1008"/);
  const call = await copied("Node.js", all);
  assert.ok(call.includes(number) && call.includes("1234.00"), call);
  await all.getByRole("link", { name: "call" }).click();
  const code = await pressed(page.locator('pre[data-file="call.mjs"]'));
  const calls = join(pictures, "calls.mjs");
  writeFileSync(calls, [code, call, "console.log(JSON.stringify(response));"].join("\n"));
  const answered = world.run("bash", "-c", `${variables}\nnode "$0"`, calls);
  assert.match(answered, /"responseCode":"-1008"/);

  world.skypay("finance", "recharge", "SKY98", "5000");
  await open(page, "/callbacks?operation=financeNotification");
  await newest().click();
  await page.locator("summary", { hasText: "On the wire" }).click();
  assert.match(await run("As curl"), /^[A-Za-z0-9+/=]+$/);
  await opened();
  assert.match(await run("curl and openssl", all), /"responseCode":"1000"/);
  assert.match(await run("skypay", all), /1000|accepted/);
  assert.match(await copied("Rust", all), /sender\.finance_notification\(&request\)/);
  await picture(page, "callback-samples");
  assert.deepEqual(page.wrong, []);
});

test("what can be done to a transaction stands on it", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  const status = page.locator("dl.facts .badge").first();
  /** Does one after the other to the newest transaction of a kind. */
  const check = async (kind, steps) => {
    await open(page, `/transactions?kind=${kind}`);
    await page.locator("tbody th a").first().click();
    const path = new URL(page.url()).pathname;
    for (const [action, next] of steps) {
      await page.getByRole("button", { name: action, exact: true }).click();
      assert.equal(new URL(page.url()).pathname, path);
      assert.match(await status.innerText(), next);
    }
    assert.equal(await page.getByRole("heading", { name: "What can be done" }).count(), 0);
  };
  world.order({ controlNumber: "SKY9800000601" });
  await check("payout", [["Upload", /Uploaded/], ["Pay", /Completed/], ["Reverse the payment", /Failed/]]);
  world.order({ controlNumber: "SKY9800000603" });
  await check("payout", [["Fail", /Failed/]]);
  world.order({ controlNumber: "SKY9800000604" });
  await check("payout", [["Cancel", /Cancelled/]]);
  await open(page, "/payout-tool");
  const pickup = page.locator("form", { has: page.getByLabel("Channel") });
  await pickup.getByLabel("Control number").fill("SKY9800000605");
  await pickup.getByRole("button", { name: "Send" }).click();
  await check("cash-pickup", [["Pay out at the counter", /Completed/]]);
  await open(page, "/collection-tool");
  await page.getByLabel("Contract number").fill("SKY9800000606");
  await page.getByLabel("Amount").fill("3900");
  await page.getByLabel("Phone").fill("09123456789");
  await page.getByRole("button", { name: "Send" }).click();
  await check("collection", [["Collect at the counter", /Completed/]]);
  assert.deepEqual(page.wrong, []);
});

test("the clock is moved on every page", async () => {
  world.order({ controlNumber: "SKY9800000602" });
  const page = await world.page();
  await open(page, "/transactions?kind=payout");
  const shown = page.locator("header .clock time");
  for (const move of ["next event", "+60 s", "+300 s", "+1 day"]) {
    const before = await shown.innerText();
    await page.getByRole("banner").getByRole("button", { name: move }).click();
    await page.waitForFunction(
      (before) => document.querySelector("header .clock time").innerText !== before,
      before,
    );
    assert.equal(new URL(page.url()).search, "?kind=payout");
  }
  assert.deepEqual(page.wrong, []);
});

test("a payout inquiry is sent with the form and its result read", async () => {
  const page = await world.page();
  await open(page, "/payout-tool");
  const form = page.locator("form", { has: page.getByLabel("Channel") });
  await form.getByLabel("Channel").selectOption({ index: 0 });
  await form.getByLabel("What happens").selectOption("inquire");
  await form.getByLabel("Control number").fill("SKY9800000401");
  await form.getByRole("button", { name: "Send" }).click();

  const read = await result(page);
  assert.match(read, /payoutInquiry #\d+: accepted/);
  assert.match(read, /"amount": "3900.00"/);
  assert.match(read, /"name": "\[masked\]"/);
  await picture(page, "payout-inquiry");

  // The form holds the number that can now be paid out.
  await form.getByLabel("Channel").selectOption({ index: 0 });
  await form.getByLabel("What happens").selectOption("pay");
  await form.getByRole("button", { name: "Send" }).click();
  assert.match(await result(page), /payoutPayout #\d+: accepted/);
  assert.deepEqual(page.wrong, []);
});

test("a collection is asked for and taken with the form", async () => {
  const page = await world.page();
  await open(page, "/collection-tool");
  await page.getByLabel("Contract number").fill("SKY9800000301");
  await page.getByLabel("Amount").fill("3900");
  await page.getByLabel("Phone").fill("09123456789");
  await page.getByRole("button", { name: "Send" }).click();
  assert.match(await result(page), /collectionInquiry #\d+: accepted/);

  await page.getByLabel("What happens").selectOption("collect");
  await page.getByLabel("Receipt number").fill("R-1");
  await page.getByRole("button", { name: "Send" }).click();
  assert.match(await result(page), /collectionCollect #\d+: accepted/);
  assert.deepEqual(page.wrong, []);
});

test("a payout is seen to become paid without loading the page again", async () => {
  const number = "SKY9800000501";
  world.order({ controlNumber: number });
  const page = await world.page();
  await open(page, "/transactions");
  await page.getByRole("link", { name: number }).click();
  await page.getByText("Pending", { exact: false }).first().waitFor();
  await page.evaluate(() => (globalThis.loadedOnce = true));

  world.skypay("clock", "advance", "300s");
  await page.locator("main").getByText("Completed", { exact: false }).first().waitFor();
  assert.equal(await page.evaluate(() => globalThis.loadedOnce), true);
  await picture(page, "payout-paid");
  assert.deepEqual(page.wrong, []);
});

test("a callback that is replayed is delivered twice", async () => {
  world.order({ controlNumber: "SKY9800000502" });
  world.skypay("clock", "advance", "300s");
  const page = await world.page();
  await open(page, "/callbacks?operation=payoutQueuePayout");
  const before = await page.locator("tbody tr").count();
  await page.locator("tbody tr").first().getByRole("link").first().click();
  const original = await page.getByRole("heading", { level: 1 }).innerText();

  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("Repeats").waitFor();
  await page.locator("ol.history li").first().waitFor();
  assert.notEqual(await page.getByRole("heading", { level: 1 }).innerText(), original);
  assert.match(await page.locator("ol.history").innerText(), /accepted/);
  await picture(page, "callback-replayed");

  await open(page, "/callbacks?operation=payoutQueuePayout");
  assert.equal(await page.locator("tbody tr").count(), before + 1);
  assert.deepEqual(page.wrong, []);
});

test("the callback server is checked from the page", async () => {
  const page = await world.page();
  await open(page, "/checks");
  await page.getByLabel("Only these checks").fill("D01 D02");
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("link", { name: "Open the report" }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.match(await page.locator("body").innerText(), /Failed 0\n[^]*Passed 2\n/);
  assert.deepEqual(page.wrong, []);
});

test("the results of checks are shown as they come, without a script", async () => {
  const page = await world.page({ javaScriptEnabled: false });
  await open(page, "/checks");
  await page.getByLabel("Callback", { exact: true }).selectOption("payoutQueuePayout");
  await page.getByRole("button", { name: "Start" }).click();
  const row = (id) => page.locator("tbody tr", { has: page.getByText(id, { exact: true }) });
  await row("D05").getByText("Passed").waitFor();
  await row("D12").getByText("Passed").waitFor();
  await page.getByText("checks have ended").waitFor();
  await picture(page, "checks-running");
  assert.deepEqual(page.wrong, []);
});

test("a callback's URL is changed and kept", async () => {
  const page = await world.page();
  await open(page, "/settings");
  const form = page.locator("form", { has: page.getByLabel("For all callbacks") });
  const field = form.getByLabel("financeNotification");
  await field.fill("nowhere");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText("is not an http or https URL").waitFor();
  assert.equal(await field.inputValue(), "nowhere");

  const url = new URL("/finance", world.partner.told.listening).href;
  await field.fill(url);
  await form.getByRole("button", { name: "Save" }).click();
  assert.match(await result(page), /Done/);
  await open(page, "/settings");
  assert.equal(await field.inputValue(), url);
  assert.match(world.skypay("callbacks", "urls"), new RegExp(`financeNotification\\s+${url}`));
  await picture(page, "settings");
  assert.deepEqual(page.wrong, []);
});

test("a finance notice is sent, and arrives at its own URL", async () => {
  const page = await world.page();
  await open(page, "/finance");
  const form = page.locator("form", { has: page.locator("input[value=finance-recharge]") });
  await form.getByLabel("Amount").fill("5000");
  await form.getByRole("button", { name: "Send" }).click();
  assert.match(await result(page), /financeNotification #\d+: accepted/);
  assert.deepEqual(page.wrong, []);
});

test("personal data are shown only when they are asked for", async () => {
  const page = await world.page();
  await open(page, "/transactions");
  await page.getByRole("link", { name: "SKY9800000501" }).click();
  const main = page.locator("main");
  assert.doesNotMatch(await main.innerText(), /Dela Cruz/);
  await page.getByRole("link", { name: "Show them" }).click();
  await main.getByText("Dela Cruz", { exact: false }).first().waitFor();
  assert.deepEqual(page.wrong, []);
});

test("the whole menu is reached with the keyboard", async () => {
  const page = await world.page();
  await open(page, "/");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "content");

  await open(page, "/");
  const focused = () => page.evaluate(() => document.activeElement.innerText);
  const links = await page.getByRole("navigation").getByRole("link").allInnerTexts();
  const before = await page.getByRole("banner").getByRole("button").count();
  // Before them, the link to the content, the name and the search.
  for (let index = 0; index < before + 3; index += 1) await page.keyboard.press("Tab");
  for (const link of links) {
    await page.keyboard.press("Tab");
    assert.equal(await focused(), link);
  }
});

test("every part reads well on a phone and on a wide screen, light and dark", async (t) => {
  const wide = await world.page();
  await open(wide, "/");
  const menu = await wide.locator("nav a").evaluateAll((links) =>
    links.map((link) => link.getAttribute("href")),
  );
  // The reference is a document of its own, whose looks are tested where it is made.
  const own = menu.filter((path) => path !== "/reference");
  const parts = own.map((path) => [path.slice(1) || "overview", path]);
  const first = async (path) => {
    await open(wide, path);
    return wide.locator("tbody th a").first().getAttribute("href");
  };
  world.skypay("call", "generate711Barcode", ...request("generate711Barcode"));
  const kinds = ["payout", "cash-pickup", "collection", "barcode"];
  for (const kind of kinds) parts.push([kind, await first(`/transactions?kind=${kind}`)]);
  parts.push(["callback", await first("/callbacks")]);
  parts.push(["request", await first("/requests?result=rejected")]);
  // A long path, which is in the reason as well, does not make the list wider.
  const message = { userName: "x", authentication: "x", action: "balanceQuery" };
  const path = `/services/${"a".repeat(120)}`;
  await fetch(world.url + path, { method: "POST", body: JSON.stringify(message) });

  for (const [form, width] of [["wide", 1280], ["phone", 360]]) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await world.page({ viewport: { width, height: 800 }, colorScheme });
      for (const [part, path] of parts) {
        await t.test(`${part} on a ${form}, ${colorScheme}`, async () => {
          await open(page, path);
          assert.deepEqual(await barriers(page), []);
          const [content, window] = await page.evaluate(() => [
            document.documentElement.scrollWidth,
            document.documentElement.clientWidth,
          ]);
          assert.ok(content <= window, `${content} pixels in a window of ${window}`);
          const { height } = await page.getByRole("banner").boundingBox();
          assert.ok(form === "phone" || height < 70, `the header is ${height} pixels high`);
          await picture(page, `${part}-${form}-${colorScheme}`);
          assert.deepEqual(page.wrong, []);
        });
      }
      await page.context().close();
    }
  }
});

test("the reference opens, and needs no network", async () => {
  const page = await world.page();
  await open(page, "/reference");
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.deepEqual(page.wrong, []);
});
