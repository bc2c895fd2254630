/** Bytes as the formats of the log want them: length-prefixed fields, Base64 with one spelling only, hashes. */

const encoder = new TextEncoder();

export const utf8 = (text) => encoder.encode(text);

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `value` (a safe integer, not negative) in `width` bytes, big-endian. */
export function integer(value, width) {
  const bytes = new Uint8Array(width);
  for (let at = width - 1, left = value; at >= 0; at -= 1, left = Math.floor(left / 256)) bytes[at] = left % 256;
  return bytes;
}

/** Each field after its length in four bytes: events/framing.py. */
export const lengthPrefixed = (...fields) => concat(...fields.flatMap((field) => [integer(field.length, 4), field]));

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== text) throw new Error("Base64");
  return bytes;
}

export const fromBase64Url = (text) => {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(padded + "=".repeat((4 - (padded.length % 4)) % 4));
};

export const equal = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

export const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
