import { describe, expect, test } from "vitest";
import type { SecretsKeyRecord, SecretsKeyState } from "../database/queries/secret/secrets-key.ts";
import { keyRing, keyRingStanding, type KeyRing } from "./key-ring.ts";
import type { SecretsKey } from "./secrets-key.ts";
import { testSecretsKey } from "./testing/key-ring.ts";

const place = { table: "credential", row: "a", purpose: "secret" };
const [one, two] = [testSecretsKey(), testSecretsKey()];
const keyFile = "/data/secrets-key";

function record({ id: keyId, checkValue }: SecretsKey, state: SecretsKeyState): SecretsKeyRecord {
  return { keyId, checkValue, state, madeAt: new Date(0), stateSince: new Date(0) };
}

function ringOf(keys: SecretsKey[], records: SecretsKeyRecord[]): KeyRing {
  const state = { keys, records, keyFile };
  return keyRing(() => state);
}

describe("what a process can do with its keys", () => {
  test.each<[string, SecretsKey[], SecretsKeyRecord[], string | undefined, RegExp | undefined]>([
    ["none known yet", [one], [], undefined, undefined],
    ["the next one alone", [one], [record(one, "next")], undefined, undefined],
    ["the current one", [one], [record(one, "current")], one.id, undefined],
    ["the next one lacking", [one], [record(one, "current"), record(two, "next")], one.id, undefined],
    ["both while rows are sealed anew", [one, two], [record(one, "old"), record(two, "current")], two.id, undefined],
    [
      "the current one lacking",
      [one],
      [record(two, "current")],
      undefined,
      new RegExp(`key ${two.id}.*has ${one.id}`, "u"),
    ],
    ["an old one lacking", [two], [record(one, "old"), record(two, "current")], two.id, new RegExp(one.id, "u")],
    ["a retired one lacking", [two], [record(one, "retired"), record(two, "current")], two.id, undefined],
    ["a lost one lacking", [two], [record(one, "lost"), record(two, "current")], two.id, undefined],
    [
      "no file",
      [],
      [record(one, "current")],
      undefined,
      /\/data\/secrets-key is not there. Add the lines of the key file/u,
    ],
    [
      "another key under that id",
      [one],
      [{ ...record(one, "current"), checkValue: two.checkValue }],
      undefined,
      /which this process lacks/u,
    ],
  ])("%s", (_what, keys, records, current, problem) => {
    const standing = keyRingStanding({ keys, records, keyFile });
    expect(standing.current?.id).toBe(current);
    if (problem === undefined) {
      expect(standing.problem).toBeUndefined();
    } else {
      expect(standing.problem).toMatch(problem);
    }
  });
});

test("it seals by the current key, and opens by every key that it has", () => {
  const before = ringOf([one], [record(one, "current")]);
  const sealed = before.seal(place, Buffer.from("hunter2"));
  const after = ringOf([one, two], [record(one, "old"), record(two, "current")]);
  expect(Buffer.from(after.open(place, sealed)).toString()).toBe("hunter2");
  expect(Buffer.from(after.open(place, after.seal(place, Buffer.from("new")))).toString()).toBe("new");
  expect(() => before.open(place, after.seal(place, Buffer.from("new")))).toThrow(
    expect.objectContaining({ code: "key_missing", message: expect.stringContaining(two.id) }),
  );
  expect(Buffer.from(after.open(place, Buffer.from("in clear"))).toString()).toBe("in clear");
});

test("without a key to seal by it says why, and what to do", () => {
  expect(() => ringOf([two], [record(one, "current")]).seal(place, Buffer.from("x"))).toThrow(
    /Add the lines of the key file/u,
  );
  expect(() => ringOf([one], [record(one, "next")]).seal(place, Buffer.from("x"))).toThrow(/no key to seal secrets/u);
});

test("digests differ by key, and those of an earlier key are still known", () => {
  const body = Buffer.from("what was asked for");
  const [first] = ringOf([one], [record(one, "current")]).digests(body);
  const after = ringOf([one, two], [record(one, "old"), record(two, "current")]).digests(body);
  expect(after).toHaveLength(2);
  expect(after[0]).not.toEqual(first);
  expect(after[1]).toEqual(first);
  expect(after[0]).toHaveLength(32);
});
