// Node.js 20, as an ECMAScript module.
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";

const { {{ENV}}_URL, {{ENV}}_USER_NAME, {{ENV}}_AUTHENTICATION, {{ENV}}_ENCRYPT_KEY } = process.env;
const sha1 = (data) => createHash("sha1").update(data).digest();
const key = sha1(sha1({{ENV}}_ENCRYPT_KEY)).subarray(0, 16);

function encrypt(text) {
  const cipher = createCipheriv("aes-128-ecb", key, null);
  return cipher.update(text, "utf8", "base64") + cipher.final("base64");
}

function decrypt(body) {
  const cipher = createDecipheriv("aes-128-ecb", key, null);
  return cipher.update(body, "base64", "utf8") + cipher.final("utf8");
}

async function call(action, fields = {}) {
  const message = {
    {{userName}}: {{ENV}}_USER_NAME,
    {{authentication}}: {{ENV}}_AUTHENTICATION,
    {{action}}: action,
    ...fields,
  };
  const response = await fetch({{ENV}}_URL, {
    method: "POST",
    headers: { "Content-Type": "{{contentType}}" },
    body: encrypt(JSON.stringify(message)),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}: it may have been carried out.`);
  return JSON.parse(decrypt(await response.text()));
}
