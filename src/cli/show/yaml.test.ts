import { execFileSync, spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { toYaml } from "./yaml.ts";

test.each<[unknown, string]>([
  [{ a: 1, b: "x", c: [], d: {}, e: null }, 'a: 1\nb: "x"\nc: []\nd: {}\ne: null\n'],
  [
    { list: [{ id: "1", labels: { "a/b": "" } }, "two"] },
    'list:\n  - id: "1"\n    labels:\n      "a/b": ""\n  - "two"\n',
  ],
  [{ yes: "no", on: "12" }, '"yes": "no"\n"on": "12"\n'],
  [[[1, 2], []], "- - 1\n  - 2\n- []\n"],
  [{}, "{}\n"],
  ["\u0085\n\u2028", '"\\u0085\\n\\u2028"\n'],
])("%j", (value, yaml) => {
  expect(toYaml(value as Parameters<typeof toYaml>[0])).toBe(yaml);
});

// A reader that is not ours; where this host has none, the table above has to do.
const reader = spawnSync("python3", ["-c", "import yaml"]).status === 0;
test("another reader finds the same in it", (context) => {
  context.skip(!reader, "there is no python3 with its yaml module here to read it with");
  const value = {
    "": [[], {}, [[{ a: [{ b: null }] }]], true, 1.5, -0.25],
    text: ["", " ", "- a", "a: b", "#", "2026-01-01", "~", "null", "é\u0000\u007f\u0080\u2028\ufeff\"\\'\n\t", "😀"],
    "2": { ":": "%", no: "!" },
  };
  const program = "import sys,yaml,json; json.dump(yaml.safe_load(sys.stdin.read()), sys.stdout)";
  expect(JSON.parse(execFileSync("python3", ["-c", program], { input: toYaml(value), encoding: "utf8" }))).toEqual(
    value,
  );
});
