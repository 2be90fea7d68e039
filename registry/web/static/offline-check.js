// Checks the signed part of an offline QR, and whether it agrees with the register. The format is in
// docs/offline-qr.md; templates/code_check.html holds all words.

const EDDSA = [-8, -19];
const MULTIKEY_ED25519 = [0xed, 0x01];
const DAY = 86_400_000;
// What is read, and how much of it, is as in formats/cose_statement.py. 2970 symbols of base32 are 1856 bytes.
const MAX_FRAGMENT_LENGTH = 2970;
const SIGNATURE_SIZE = 64;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
const DID = /^did:web:[A-Za-z0-9.%:_-]{1,360}$/;
// Control characters, those that turn the direction of writing among them, private ones, and blanks but for the plain
// one. Characters that are not assigned yet may pass: which these are depends on the age of the browser.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
const PUBLIC_ID_SYMBOLS = "23456789CDFHJKMNPRTVWXY";
const PUBLIC_ID_LENGTH = 15;
const FIRST_DAY = Date.parse("1900-01-01") / DAY;
const LAST_DAY = Date.parse("2999-12-31") / DAY;
const CLAIMS = new Map([
  [1, ["issuer", issuerOf]],
  [2, ["public_id", publicId]],
  [-1, ["number", textUpTo(64)]],
  [-2, ["holder_zh", textUpTo(200)]],
  [-3, ["holder_en", textUpTo(200)]],
  [-4, ["uscc", textUpTo(64)]],
  [-5, ["lei", textUpTo(64)]],
  [-6, ["other", textUpTo(64)]],
  [-7, ["standard", textUpTo(200)]],
  [-8, ["scope_digest", digest]],
  [-9, ["granted_on", day]],
  [-10, ["decided_on", day]],
  [-11, ["valid_from", day]],
  [-12, ["valid_until", day]],
]);
const IDENTIFIERS = ["uscc", "lei", "other"];
const DAYS = ["granted_on", "decided_on", "valid_from", "valid_until"];
const OPTIONAL = ["holder_en", "valid_until", ...IDENTIFIERS];
const DIGEST_SIZE = 16;

function demand(condition) {
  if (!condition) throw new Error("not a statement");
}

// Reading -------------------------------------------------------------------------------------------------------------

/** Base32 (RFC 4648, section 6) without padding. */
function fromBase32(text) {
  demand(text.length <= MAX_FRAGMENT_LENGTH);
  const bytes = [];
  let held = 0;
  let bits = 0;
  for (const symbol of text.toUpperCase()) {
    const value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(symbol);
    demand(value >= 0);
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  demand(bits < 5 && (held & ((1 << bits) - 1)) === 0);
  return Uint8Array.from(bytes);
}

/** As much of deterministic CBOR (RFC 8949, section 4.2) as a statement has: integers, bytes, texts, flat maps. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(size) {
    demand(this.at + size <= this.bytes.length);
    this.at += size;
    return this.bytes.slice(this.at - size, this.at);
  }

  expect(...values) {
    for (const value of values) demand(this.take(1)[0] === value);
  }

  end() {
    demand(this.at === this.bytes.length);
  }

  /** Major type and argument, which must have its shortest form. */
  head() {
    const [first] = this.take(1);
    const short = first & 0x1f;
    if (short < 24) return [first >> 5, short];
    demand(short <= 26);
    const argument = this.take(1 << (short - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
    demand(argument >= [24, 0x100, 0x10000][short - 24]);
    return [first >> 5, argument];
  }

  scalar() {
    const [major, argument] = this.head();
    demand(major <= 3);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    const bytes = this.take(argument);
    if (major === 2) return bytes;
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  bytesOnly() {
    const found = this.scalar();
    demand(found instanceof Uint8Array);
    return found;
  }

  /** A map whose keys are integers of one byte, in the order of those bytes. */
  map() {
    const [major, count] = this.head();
    demand(major === 5);
    const found = new Map();
    let before = -1;
    for (let left = count; left > 0; left--) {
      const key = this.bytes[this.at];
      demand(key > before);
      before = key;
      const label = this.scalar();
      demand(Number.isInteger(label));
      found.set(label, this.scalar());
    }
    this.end();
    return found;
  }
}

/** The statement in a fragment: COSE_Sign1 (RFC 9052, section 4.2) around a map of claims. Throws at anything else. */
function readStatement(fragment) {
  const message = new Reader(fromBase32(fragment));
  message.expect(0xd2, 0x84); // tag 18, an array of four
  const protectedHeader = message.bytesOnly();
  message.expect(0xa0); // nothing unprotected
  const payload = message.bytesOnly();
  const signature = message.bytesOnly();
  message.end();
  demand(signature.length === SIGNATURE_SIZE);
  const header = new Reader(protectedHeader).map();
  demand(header.size === 2 && EDDSA.includes(header.get(1)) && header.get(4) instanceof Uint8Array);
  const claims = readClaims(new Reader(payload).map());
  const keyId = Array.from(header.get(4), (byte) => String.fromCharCode(byte)).join("");
  demand(KEY_ID.test(keyId));
  return { claims, keyId, signature, signed: signedBytes(protectedHeader, payload) };
}

function readClaims(map) {
  const claims = {};
  for (const [key, value] of map) {
    demand(CLAIMS.has(key));
    const [name, read] = CLAIMS.get(key);
    claims[name] = read(value);
  }
  for (const [name] of CLAIMS.values()) demand(name in claims || OPTIONAL.includes(name));
  demand(IDENTIFIERS.filter((name) => name in claims).length <= 1);
  return claims;
}

function issuerOf(value) {
  demand(typeof value === "string" && DID.test(value));
  return value;
}

/** A certificate's id with its check symbol, see domain/public_id.py. */
function publicId(value) {
  demand(typeof value === "string" && value.length === PUBLIC_ID_LENGTH);
  const values = Array.from(value, (symbol) => PUBLIC_ID_SYMBOLS.indexOf(symbol));
  demand(!values.includes(-1));
  demand(values.reduce((sum, one, at) => sum + one * (at + 1), 0) % PUBLIC_ID_SYMBOLS.length === 0);
  return value;
}

function textUpTo(limit) {
  return (value) => {
    demand(typeof value === "string" && value !== "" && Array.from(value).length <= limit);
    demand(!UNPRINTABLE.test(value));
    return value;
  };
}

function digest(value) {
  demand(value instanceof Uint8Array && value.length === DIGEST_SIZE);
  return hexadecimal(value);
}

function day(value) {
  demand(Number.isInteger(value) && value >= FIRST_DAY && value <= LAST_DAY);
  return new Date(value * DAY).toISOString().slice(0, 10);
}

function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sig_structure (RFC 9052, section 4.4): what the signature is over. */
function signedBytes(protectedHeader, payload) {
  const context = new TextEncoder().encode("Signature1");
  return Uint8Array.from([0x84, 0x6a, ...context, ...byteString(protectedHeader), 0x40, ...byteString(payload)]);
}

function byteString(bytes) {
  const size = bytes.length;
  if (size < 24) return [0x40 + size, ...bytes];
  if (size < 256) return [0x58, size, ...bytes];
  return [0x59, size >> 8, size & 0xff, ...bytes];
}

// Comparing -----------------------------------------------------------------------------------------------------------

/** The public key of a Multikey, 32 bytes. */
function publicKey(multibase) {
  let number = 0n;
  for (const symbol of multibase.slice(1)) {
    number = number * 58n + BigInt("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".indexOf(symbol));
  }
  const bytes = Uint8Array.from(number.toString(16).padStart(68, "0").match(/../g), (pair) => parseInt(pair, 16));
  if (MULTIKEY_ED25519.some((byte, at) => bytes[at] !== byte)) throw new Error("not an Ed25519 key");
  return bytes.slice(MULTIKEY_ED25519.length);
}

/** True or false; null where this browser has no Ed25519. */
async function signatureHolds(statement, method) {
  let key;
  try {
    const raw = publicKey(method.publicKeyMultibase);
    key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
  } catch {
    return null;
  }
  return crypto.subtle.verify("Ed25519", key, statement.signature, statement.signed);
}

/** What the register says, as claims. The digest is null where this page may not use cryptography (plain http). */
async function registeredClaims(answer, issuer) {
  const terms = answer.certificate;
  const claims = {
    issuer,
    public_id: answer.public_id,
    number: terms.number,
    holder_zh: terms.holder.name.zh,
    holder_en: terms.holder.name.en,
    standard: terms.standard,
    scope_digest: await scopeDigest(terms.scope),
    granted_on: terms.granted_on,
    decided_on: terms.decided_on,
    valid_from: terms.valid_from,
    valid_until: terms.valid_until,
  };
  const identifier = terms.holder.identifier;
  if (identifier) claims[identifier.scheme] = identifier.value;
  return claims;
}

async function scopeDigest(scope) {
  if (!globalThis.crypto?.subtle) return null;
  // Of texts alone, sorted by name: that is their canonical form (RFC 8785).
  const canonical = new TextEncoder().encode(JSON.stringify(scope, Object.keys(scope).sort()));
  const whole = new Uint8Array(await crypto.subtle.digest("SHA-256", canonical));
  return hexadecimal(whole.slice(0, DIGEST_SIZE));
}

function differences(presented, registered) {
  return Array.from(CLAIMS.values(), ([name]) => name).filter((name) => {
    if (name === "holder_en" && !(name in presented)) return false; // there was no room for it
    if (registered[name] === null) return false;
    return presented[name] !== registered[name];
  });
}

async function fetched(address) {
  const response = await fetch(address, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response;
}

async function fetchedJson(address) {
  return (await fetched(address)).json();
}

/** What came out: the name of a template, and what it shows. In the order of services/verify_statement.py. */
async function judge(fragment, place) {
  let statement;
  try {
    statement = readStatement(fragment);
  } catch {
    return { outcome: "unreadable" };
  }
  const presented = statement.claims;
  if (presented.public_id !== place.publicId) return { outcome: "of_another", presented };
  const [answer, identity] = await Promise.all([fetchedJson(place.answer), fetchedJson(place.did)]);
  const registered = await registeredClaims(answer, identity.id);
  const found = { presented, registered, differences: differences(presented, registered) };
  const wanted = `${presented.issuer}#${statement.keyId}`;
  const method = identity.verificationMethod.find((one) => one.id === wanted && one.controller === identity.id);
  if (!method) return { outcome: "key_unknown", ...found };
  const holds = await signatureHolds(statement, method);
  if (holds === false) return { outcome: "altered", ...found };
  if (found.differences.length > 0) return { outcome: "differs", ...found };
  if (method.revoked) return { outcome: "key_compromised", ...found };
  return { outcome: holds === null ? "unchecked" : "agrees", ...found };
}

// Showing -------------------------------------------------------------------------------------------------------------

function inWords(name, value) {
  if (!value) return "–";
  if (!DAYS.includes(name)) return value;
  const locale = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(value));
}

/** The claims that differ, as the code and as the register has them. */
function parts(words, { presented, registered, differences }) {
  const shown = document.importNode(words.getElementById("code-parts").content, true);
  for (const row of shown.querySelectorAll("[data-claim]")) {
    const name = row.dataset.claim;
    if (!differences.includes(name)) {
      row.remove();
      continue;
    }
    for (const one of row.querySelectorAll("[data-presented]")) one.textContent = inWords(name, presented[name]);
    for (const one of row.querySelectorAll("[data-registered]")) one.textContent = inWords(name, registered[name]);
  }
  return shown;
}

/** The id of the element to show something in, and what to show there. `place` is explained in offline-code.js. */
export async function check(fragment, place) {
  const [result, words] = await Promise.all([
    judge(fragment, place),
    fetched(place.words).then(async (response) => new DOMParser().parseFromString(await response.text(), "text/html")),
  ]);
  const template = words.getElementById(`code-${result.outcome}`);
  const shown = document.importNode(template.content, true);
  if (result.differences?.length) shown.querySelector("[data-parts]").append(parts(words, result));
  const link = shown.querySelector("[data-other]");
  if (link) link.href = location.pathname.replace(/[^/]*$/, encodeURIComponent(result.presented.public_id));
  return [template.dataset.slot, shown];
}
