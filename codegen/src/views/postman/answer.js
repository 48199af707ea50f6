
// Shows the clear text in the console and in the tab "Visualize".
pm.test("The answer opens", () => {
  const text = unseal(pm.response.text(), needed("encryptKey"));
  const shown = JSON.stringify(JSON.parse(text), null, 2);
  console.log(shown);
  pm.visualizer.set("<pre>{{shown}}</pre>", { shown });
});
