import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { metaDataWith, networkConfigText } from "./cloud-init.ts";
import { userDataDoubt } from "./user-data.ts";

const written = (text: string | Buffer): unknown => {
  const result = metaDataWith(Buffer.from(text as string), "machine-7");
  return result.kind === "text" ? parse(result.text, { version: "1.1" }) : result.problem;
};

describe("meta data", () => {
  test.each<[string, string | Buffer, unknown]>([
    ["a comment before ---", "# mine\n---\nlocal-hostname: web1\n", { "local-hostname": "web1" }],
    ["indented", "  local-hostname: web1\n  tags:\n    a: b\n", { "local-hostname": "web1", tags: { a: "b" } }],
    ["JSON behind ---", '---\n{"local-hostname": "web1"}\n', { "local-hostname": "web1" }],
    ["JSON on the line of ---", '--- {"local-hostname": "web1"}\n', { "local-hostname": "web1" }],
    ["a byte order mark", "\uFEFFlocal-hostname: web1\n", { "local-hostname": "web1" }],
    ["UTF-16", Buffer.from("\uFEFFlocal-hostname: wéb1\n", "utf16le"), { "local-hostname": "wéb1" }],
    ["a nested instance-id", "tags:\n  instance-id: other\n", { tags: { "instance-id": "other" } }],
    [
      "lines that end with CR LF",
      "local-hostname: web1\r\ntags: {a: b}\r\n",
      { "local-hostname": "web1", tags: { a: "b" } },
    ],
    ["a directive", "%YAML 1.1\n---\nlocal-hostname: web1\n", { "local-hostname": "web1" }],
    ["only comments", "# nothing\n", {}],
    ["an empty mapping", "{}", {}],
    ["--- alone", "---\n", {}],
    ["no line end", "local-hostname: web1", { "local-hostname": "web1" }],
    ["an end mark", "local-hostname: web1\n...\n", { "local-hostname": "web1" }],
    ["an anchor and a comment", "# c\na: &x 1 # d\nb: *x\n", { a: 1, b: 1 }],
    [
      "a block of text",
      "public-keys: |\n  one\n  two\nlocal-hostname: w\n",
      { "public-keys": "one\ntwo\n", "local-hostname": "w" },
    ],
    ["an instance-id without a value", "instance-id:\nlocal-hostname: web1\n", { "local-hostname": "web1" }],
    ["an empty instance-id", '{"instance-id": "", "a": 1}', { a: 1 }],
  ])("I7: with %s gets an instance id, and keeps all else", (_what, given, expected) => {
    expect(written(given)).toEqual({ "instance-id": "machine-7", ...(expected as object) });
  });

  test.each([
    ["local-hostname: web1\ninstance-id: mine\n", "mine"],
    ["# instance-id: no\ninstance-id: 12\n", 12],
    ['---\n{"instance-id": "mine"}\n', "mine"],
    ["? instance-id\n: mine\n", "mine"],
  ])("I7: %j keeps its own", (given, id) => {
    expect(metaDataWith(Buffer.from(given), "x")).toEqual({ kind: "text", text: given });
    expect(written(given)).toMatchObject({ "instance-id": id });
  });

  test.each<[string | Buffer, RegExp]>([
    ["just words\n", /not a mapping: expected lines such as/u],
    ["- a\n- b\n", /not a mapping/u],
    ["a: b: c\n", /it is not YAML: .*at line 1/u],
    ["a:\n\t- b\n", /it is not YAML/u],
    ['{"a": 1', /it is not YAML/u],
    ["a: 1\n---\nb: 2\n", /2 YAML documents, expected one/u],
    ["[".repeat(100_000), /nested too deeply|it is not YAML/u],
    ["instance-id: [a]\n", /instance-id is a list or a mapping/u],
    [Buffer.from("613a20ff0a", "hex"), /not in UTF-8/u],
  ])("I7: %j is refused", (given, expected) => {
    expect(written(given)).toMatch(expected);
  });

  test("the network configuration is looked at in the same way, and stays as it is", () => {
    expect(networkConfigText(Buffer.from("\uFEFFversion: 2\n"))).toEqual({ kind: "text", text: "version: 2\n" });
    expect(networkConfigText(Buffer.from("auto eth0\n"))).toMatchObject({ problem: expect.stringMatching(/mapping/u) });
  });
});

describe("user data that cloud-init would ignore", () => {
  test.each<[string | Buffer, RegExp | undefined]>([
    ["#cloud-config\n{}\n", undefined],
    ["#!/bin/sh\n", undefined],
    ["## template: jinja\n#cloud-config\n", undefined],
    ["Content-Type: multipart/mixed\n", undefined],
    ["", undefined],
    [Buffer.from("1f8b0800", "hex"), undefined],
    ["users: []\n", /begins with "users: \[\]\\n", and cloud-init ignores it: expected a first line/u],
    ["\n#cloud-config\n", /begins with "\\n#cloud-config/u],
    ["\uFEFF#cloud-config\n", /byte order mark/u],
    [Buffer.from("\uFEFF#cloud-config\n", "utf16le"), /UTF-16/u],
    [Buffer.from("#cloud-config\n", "utf16le"), /UTF-16/u],
    [Buffer.from("#cloud-config\nusers: []\n").toString("base64"), /base64/u],
  ])("%j", (given, expected) => {
    const doubt = userDataDoubt(Buffer.from(given as string));
    if (expected === undefined) {
      expect(doubt).toBeUndefined();
    } else {
      expect(doubt).toMatch(expected);
    }
  });
});
