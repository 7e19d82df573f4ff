import { expect, test } from "vitest";
import { withoutSecretForms } from "../../lib/secret-forms.ts";
import { messagesOf, spoken } from "./messages.ts";

const info = { MessageId: "Base.1.8.InsufficientPrivilege", Message: "No rights.", MessageArgs: ["a"] };
const message = { id: "InsufficientPrivilege", text: "No rights.", args: ["a"] };

test.each([
  ["a list", { error: { "@Message.ExtendedInfo": [info] } }, [message]],
  ["one object in place of a list", { error: { "@Message.ExtendedInfo": info } }, [message]],
  ["an annotation of a success", { "@Message.ExtendedInfo": [info] }, [message]],
  ["a task's", { Messages: [info] }, [message]],
  [
    "an id without a registry",
    { error: { "@Message.ExtendedInfo": [{ MessageId: "SYS518" }] } },
    [{ id: "SYS518", text: "", args: [] }],
  ],
  [
    "a code alone",
    { error: { code: "iDRAC.2.5.RAC0218", message: "Full." } },
    [{ id: "RAC0218", text: "Full.", args: [] }],
  ],
  ["no code", { error: { message: "Broken." } }, [{ id: "", text: "Broken.", args: [] }]],
  ["nothing", {}, []],
  ["no object", "<html>", []],
])("row 51: messages from %s", (_, body, messages) => {
  expect(messagesOf(body)).toEqual(messages);
});

test("what is said is one line, without what says nothing, without control characters, and not for ever", () => {
  const general = { id: "GeneralError", text: "See ExtendedInfo.", args: [] };
  expect(spoken([general, message, message])).toBe("No rights.");
  expect(spoken([general])).toBe("See ExtendedInfo.");
  expect(spoken([{ id: "X", text: "", args: [] }])).toBe("X");
  expect(spoken([{ id: "", text: "a\n\u001b[2Jb", args: [] }])).toBe("a \uFFFD[2Jb");
  expect(spoken([{ id: "", text: "x".repeat(9000), args: [] }])).toHaveLength(401);
  expect(spoken([])).toBeUndefined();
});

test("of as many messages as an answer can hold the first are read", () => {
  const infos = Array.from({ length: 200_000 }, (_, index) => ({ MessageId: `X.${index}`, Message: "is wrong" }));
  const found = messagesOf({ error: { "@Message.ExtendedInfo": infos } });
  expect([found.length, found[0]?.id]).toEqual([32, "0"]);
});

test("a message of megabytes is cut before it is looked at", () => {
  let cleaned = 0;
  const clean = (text: string): string => {
    cleaned += text.length;
    return text;
  };
  messagesOf({ error: { message: "x".repeat(4 << 20) } }, clean);
  expect(cleaned).toBe(1 << 16);
});

const secret = "correct.horse-battery";
const clean = (text: string): string => withoutSecretForms(text, [secret]);
const cut = 1 << 16;

test.each<[string, Record<string, string>]>([
  ["a text where it is cut", { Message: `x${" ".repeat(cut - 13)}${secret}` }],
  ["an id of any length", { MessageId: `x${" ".repeat(cut - 13)}${secret}` }],
  ["an id, before and after a dot", { MessageId: secret }],
])("no part of a secret is shown of %s", (_what, said) => {
  const shown = spoken(messagesOf({ error: { "@Message.ExtendedInfo": [said] } }, clean)) ?? "";
  for (let at = 0; at + 4 <= secret.length; at += 1) {
    expect(shown).not.toContain(secret.slice(at, at + 4));
  }
});
