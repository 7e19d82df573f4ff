import { expect, test } from "vitest";
import { endWithoutSecrets, secretForms, startWithoutSecrets, withoutSecretForms } from "./secret-forms.ts";

const secret = `pa"ss\\w/ö rd'<&+>`;

test.each<[string, string]>([
  ["as it is", secret],
  ["JSON", JSON.stringify(secret)],
  ["JSON in JSON", JSON.stringify(JSON.stringify(secret))],
  ["JSON with escaped slashes", JSON.stringify(secret).replaceAll("/", "\\/")],
  ["a query", new URLSearchParams({ p: secret }).toString()],
  ["a URL's component", encodeURIComponent(secret)],
  ["a URL's component in lower case", encodeURIComponent(secret).replaceAll(/%../gu, (code) => code.toLowerCase())],
  ["HTML", secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")],
  ["base64", Buffer.from(secret).toString("base64")],
  ["base64 without padding", Buffer.from(secret).toString("base64").replaceAll("=", "")],
  ["base64 for URLs", Buffer.from(secret).toString("base64url")],
  ["hex", Buffer.from(secret).toString("hex")],
])("a secret in %s is removed from a text", (_what, form) => {
  const text = withoutSecretForms(`the value ${form} is wrong`, [secret]);
  expect(text).toContain("[secret]");
  expect(text).not.toContain("ss\\w");
  expect(text).not.toContain("rd");
  expect(text).not.toContain(Buffer.from(secret).toString("base64").slice(0, 8));
  expect(text).not.toContain(Buffer.from(secret).toString("hex").slice(0, 8));
});

test.each<[string, (url: string) => string]>([
  ["as it is", (url) => url],
  ["JSON with escaped slashes", (url) => url.replaceAll("/", "\\/")],
  ["a URL's component", (url) => encodeURIComponent(url)],
  ["a JSON writer's escapes", (url) => url.replaceAll(/[^A-Za-z0-9]/gu, (one) => unicodeEscape(one))],
  ["HTML", (url) => url.replaceAll("/", "&#x2F;")],
  ["a line that the controller has cut", (url) => url.slice(0, -20)],
])("the secret in a boot medium's URL in %s is removed, also for a client that does not know it", (_what, form) => {
  const path = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNl_-I";
  const text = withoutSecretForms(`connected ${form(`http://192.0.2.1:8081/media/${path}/agent.iso`)}`, []);
  expect(text).toContain("[secret]");
  expect(text).not.toContain(path.slice(0, 8));
});

test("another image's URL stays as it is, and a long text takes no time", () => {
  const other = "connected http://192.0.2.1/media/debian-12.iso";
  expect(withoutSecretForms(other, [])).toBe(other);
  const long = `${"media/".repeat(400_000)}other/${"\\".repeat(1 << 20)}/${"a".repeat(1 << 20)}`;
  expect(withoutSecretForms(long, [])).toBe(long);
});

test("of two secrets the longer is removed whole, and a short one is left, because it is in many words", () => {
  expect(withoutSecretForms("calvin1 and calvin", ["calvin", "calvin1"])).toBe("[secret] and [secret]");
  expect(withoutSecretForms("an answer", ["an"])).toBe("an answer");
  expect(secretForms("abc")).toEqual([]);
});

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

test("beside the cut of a long text nothing is left of a secret, and of a text that is whole everything else", () => {
  const clean = (text: string): string => withoutSecretForms(text, [secret]);
  const [most, half] = [20_000, Math.floor(secret.length / 2)];
  const start = `the start${" ".repeat(most - 9 - half)}${secret}`;
  expect(startWithoutSecrets(start, clean, most).trim()).toBe("the start");
  const end = `${secret}${" ".repeat(most - 7 - half)}the end`;
  expect(endWithoutSecrets(end, clean, most).trim()).toBe("the end");
  const whole = `a ${secret} b`;
  expect([startWithoutSecrets(whole, clean, most), endWithoutSecrets(whole, clean, most)]).toEqual([
    "a [secret] b",
    "a [secret] b",
  ]);
});
