// What the sandbox's page changes of the sandbox itself: settings, keys, clock and
// faults. Run by `cargo xtask verify browser`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { World, open, picture, result } from "./world.mjs";

let world;
before(async () => (world = await World.begin()));
after(() => world?.end());

test("settings say what differs from the defaults, and are set by a preset", async () => {
  const page = await world.page();
  await open(page, "/settings");
  const differs = (text) => page.locator("tbody tr", { hasText: text });
  await differs("callbacks, shared").waitFor();
  await page.getByRole("button", { name: "Gentle" }).click();
  const duplicates = differs("refused with -1008");
  assert.match(await duplicates.innerText(), /for-ever\s+same-channel/);
  await picture(page, "settings-gentle");
  await duplicates.getByRole("button", { name: "Reset" }).click();
  await duplicates.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Worst" }).click();
  await page.getByRole("status").waitFor();
  assert.equal(await page.locator("tbody tr").count(), 1);
  await page.getByRole("button", { name: "Reset all settings" }).click();
  await page.getByText("Nothing.", { exact: true }).waitFor();
  world.skypay("callbacks", "set", world.partner.told.listening);
  await open(page, "/faults");
  await page.getByLabel("Percent of messages").waitFor();
  assert.deepEqual(page.wrong, []);
});

test("a pair of keys is made, shown once and enabled", async () => {
  const page = await world.page();
  await open(page, "/keys");
  await page.getByRole("button", { name: "Generate" }).click();
  await result(page);
  await page.getByRole("button", { name: "Reveal once" }).click();
  assert.match(await result(page), /encrypt key\s+[0-9A-F]{32}/);
  assert.equal(await page.getByRole("button", { name: "Reveal once" }).count(), 0);
  await picture(page, "keys-revealed");
  assert.deepEqual(page.wrong, []);
});

test("the clock is moved by a button", async () => {
  const page = await world.page();
  await open(page, "/clock");
  const shown = page.locator("header .clock");
  const before = await shown.innerText();
  await page.getByRole("button", { name: "+ 1d" }).click();
  await page.getByRole("status").waitFor();
  assert.notEqual(await shown.innerText(), before);
  assert.deepEqual(page.wrong, []);
});

test("a rule for a fault is made and taken back", async () => {
  const page = await world.page();
  await open(page, "/faults");
  const rules = () => page.locator("main").innerText();
  const empty = await rules();
  const form = page.locator("form.fields").first();
  await form.getByLabel("Duration", { exact: true }).fill("1s");
  await form.getByRole("button").click();
  await page.getByRole("region", { name: "Result" }).waitFor();
  await open(page, "/faults");
  assert.notEqual(await rules(), empty);
  await picture(page, "faults");
  await page.getByRole("button", { name: "Remove" }).first().click();
  await page.getByRole("region", { name: "Result" }).waitFor();
  await open(page, "/faults");
  assert.equal(await rules(), empty);
  assert.deepEqual(page.wrong, []);
});

test("a preset is turned on, off and on, and said in words", async () => {
  const page = await world.page();
  await open(page, "/faults");
  await page.getByRole("button", { name: "Drop the next callback" }).click();
  const row = page.locator("tbody tr", { hasText: "Drop: every callback once" });
  const applied = () => row.locator("td.number").innerText();
  assert.match(await applied(), /0/);
  const recharge = () => world.skypay("finance", "recharge", "SKY98", "5000");

  await row.getByRole("button", { name: "Turn off" }).click();
  await row.getByText("off", { exact: true }).waitFor();
  recharge();
  await open(page, "/faults");
  assert.match(await applied(), /0/);
  await row.getByRole("button", { name: "Turn on" }).click();
  await row.getByRole("button", { name: "Turn off" }).waitFor();
  recharge();
  await open(page, "/faults");
  assert.match(await applied(), /1/);
  await picture(page, "fault-preset");
  await row.getByRole("button", { name: "Remove" }).click();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(page.wrong, []);
});
