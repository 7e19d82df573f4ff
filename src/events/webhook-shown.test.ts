import { expect, test } from "vitest";
import { webhookFailureShown, webhookUrlShown, withoutWebhookPath } from "./webhook-shown.ts";

test.each([
  ["https://tickets.example.org/", "https://tickets.example.org/"],
  ["https://tickets.example.org", "https://tickets.example.org/"],
  ["https://tickets.example.org:8443/hooks/T0/hunter2", "https://tickets.example.org:8443/…"],
  ["https://tickets.example.org/?token=hunter2", "https://tickets.example.org/…"],
  ["https://[2001:db8::1]/hunter2", "https://[2001:db8::1]/…"],
])("of %s only the origin is shown", (url, shown) => {
  expect(webhookUrlShown(new URL(url))).toBe(shown);
});

test.each([
  ["Cannot POST /hooks/hunter2?key=hunter3", "Cannot POST …"],
  ["no hook at /hooks/hunter2", "no hook at …"],
  ["a bad key=hunter3", "a bad …"],
  ["busy", "busy"],
])("%j is kept as %j", (text, kept) => {
  expect(withoutWebhookPath(text, new URL("https://tickets.example.org/hooks/hunter2?key=hunter3"))).toBe(kept);
});

test.each([
  ["it answered 404: no such hook", "it answered 404"],
  ["it answered 404", "it answered 404"],
  [
    "it answered 307, to https://10.0.0.7/…: redirects are not followed: moved",
    "it answered 307, to https://10.0.0.7/…: redirects are not followed",
  ],
  ["connect ECONNREFUSED 10.0.0.7:443", "connect ECONNREFUSED 10.0.0.7:443"],
])("of %j the receiver's words are for admins", (failure, shown) => {
  expect(webhookFailureShown(failure, "viewer")).toBe(shown);
  expect(webhookFailureShown(failure, "operator")).toBe(shown);
  expect(webhookFailureShown(failure, "admin")).toBe(failure);
});
