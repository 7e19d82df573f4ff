import { expect, test } from "vitest";
import { operatorUrl } from "./access.ts";

test.each([
  ["127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://localhost:8080/", "http://localhost:8080"],
  ["http://[::1]:8080", "http://[::1]:8080"],
  ["https://farrier.example.org/api/", "https://farrier.example.org/api"],
])("%s is %s", (text, url) => {
  expect(operatorUrl(text)).toBe(url);
});

test.each([
  ["", /not the operator API's URL/u],
  ["http://", /not the operator API's URL/u],
  ["http://user@127.0.0.1", /not the operator API's URL/u],
  ["http://10.0.0.1:8080", /in clear text/u],
  ["farrier.example.org:8080", /in clear text/u],
])("%j is refused", (text, message) => {
  expect(() => operatorUrl(text)).toThrow(message);
});
