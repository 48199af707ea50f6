
// Should anything below fail, then nothing is sent in plaintext.
const clear = pm.variables.replaceIn(pm.request.body.raw);
pm.request.body.update({ mode: "raw", raw: "" });

for (const [, name] of pm.request.url.toString().matchAll(/{{([^{}]+)}}/g)) {
  needed(name);
}
const message = JSON.parse(clear);
for (const name of credentials) {
  message[name] = needed(name);
}
pm.request.body.update({ mode: "raw", raw: seal(JSON.stringify(message), needed("encryptKey")) });
