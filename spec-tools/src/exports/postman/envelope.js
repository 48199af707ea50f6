// What travels is sealed: see `x-skypay-envelope` in the document.
const cipher = require("crypto-js");

// The value of a variable. Without it nothing can be sent or read.
function needed(name) {
  const value = pm.variables.get(name);
  if (value === undefined || value === null || value === "") {
    throw new Error(`The variable "${name}" has no value: set it in the environment.`);
  }
  return String(value);
}

function keyOf(encryptKey) {
  const once = cipher.SHA1(cipher.enc.Utf8.parse(encryptKey));
  const twice = cipher.SHA1(once);
  return cipher.lib.WordArray.create(twice.words.slice(0, 4), 16);
}

function seal(text, encryptKey) {
  const sealed = cipher.AES.encrypt(cipher.enc.Utf8.parse(text), keyOf(encryptKey), {
    mode: cipher.mode.ECB,
    padding: cipher.pad.Pkcs7,
  });
  return sealed.ciphertext.toString(cipher.enc.Base64);
}

// The library accepts invalid Base64 and padding, so both are checked here.
function unseal(body, encryptKey) {
  const base64 = body.replace(/[ \t\r\n]/g, "");
  const whole = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  const sealed = cipher.enc.Base64.parse(base64);
  if (!whole.test(base64) || sealed.sigBytes === 0 || sealed.sigBytes % 16 !== 0) {
    throw new Error("This is not a sealed body.");
  }
  const padded = cipher.AES.decrypt({ ciphertext: sealed }, keyOf(encryptKey), {
    mode: cipher.mode.ECB,
    padding: cipher.pad.NoPadding,
  });
  const byteAt = (index) => (padded.words[index >>> 2] >>> (24 - (index % 4) * 8)) & 0xff;
  const padding = byteAt(sealed.sigBytes - 1);
  const start = sealed.sigBytes - padding;
  let right = padding >= 1 && padding <= 16;
  for (let index = start; right && index < sealed.sigBytes; index += 1) {
    right = byteAt(index) === padding;
  }
  if (!right) {
    throw new Error("The body does not open with this key.");
  }
  padded.sigBytes = start;
  padded.clamp();
  return padded.toString(cipher.enc.Utf8);
}
