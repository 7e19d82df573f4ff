import { expect, test } from "vitest";
import { httpOrigin } from "./http-origin.ts";

test.each([
  ["http://10.1.7.2:8081", "http://10.1.7.2:8081"],
  ["https://boot.example/", "https://boot.example"],
  ["http://[2001:db8::7]:8081", "http://[2001:db8::7]:8081"],
  ["http://10.1.7.2/media", undefined],
  ["http://10.1.7.2?a", undefined],
  ["http://10.1.7.2#a", undefined],
  ["http://user@10.1.7.2", undefined],
  ["http://:hunter2@10.1.7.2", undefined],
  ["ftp://10.1.7.2", undefined],
  ["10.1.7.2:8081", undefined],
  ["", undefined],
])("%s", (text, expected) => {
  expect(httpOrigin(text)).toBe(expected);
});
