
// Shows the plaintext in the console and in the tab "Visualize".
pm.test("The answer opens", () => {
  const text = unseal(pm.response.text(), needed("encryptKey"));
  const shown = JSON.stringify(JSON.parse(text), null, 2);
  console.log(shown);
  pm.visualizer.set("<pre>{{shown}}</pre>", { shown });
});

// A refusal opens as well, and says no by its code; so does what may not have happened.
pm.test("The answer is a success", () => {
  const text = unseal(pm.response.text(), needed("encryptKey"));
  const code = JSON.parse(text)[result.field];
  const bare = code === undefined && result.without.includes(pm.info.requestName);
  if (!bare && !result.accepted.includes(String(code))) {
    throw new Error(`${result.field} is ${code}, which is no success.`);
  }
});
