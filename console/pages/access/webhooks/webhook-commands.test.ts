import { expect, test } from "vitest";
import { webhookAddPrepare, webhookProblems, webhookRedeliverPrepare, type WebhookForm } from "./webhook-commands.ts";

const form: WebhookForm = {
  ...{ name: "tickets", url: "https://tickets.example.org/hook?token=hunter2", events: "installation_*, agent_lost" },
  ...{ privateAllowed: true, certificates: "-----BEGIN CERTIFICATE-----" },
};

test("the line that adds a webhook has every field, and its URL only in a file", () => {
  const lines = webhookAddPrepare(form, "R").cli.split("\n");
  expect(lines.at(-1)).toBe(
    "farrier webhook add --url-file webhook-url --name tickets --events 'installation_*,agent_lost' --allow-private --ca webhook-ca.pem --request-id R",
  );
  expect(lines).toContain(btoa(form.url));
  expect(lines.join("\n")).not.toContain("hunter2");
});

test("what is wrong with a webhook's form", () => {
  expect(webhookProblems(form)).toEqual({});
  expect(webhookProblems({ ...form, name: "", url: "" })).toEqual({ name: "missing", url: "missing" });
  expect(webhookProblems({ ...form, name: "To Do", url: "http://tickets.example.org/" })).toEqual({
    name: expect.stringMatching(/^expected a-z/u) as string,
    url: "expected an https URL",
  });
});

test("dead letters are sent again one by one, or all", () => {
  expect(webhookRedeliverPrepare("tickets", ["7"], "R").cli).toBe(
    "farrier webhook redeliver tickets --event 7 --request-id R",
  );
  expect(webhookRedeliverPrepare("tickets", [], "R").cli).toBe("farrier webhook redeliver tickets --request-id R");
});
