import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { rulesOf } from "./rules-of.ts";

test.each([
  ["Dell", "PowerEdge R750"],
  ["HPE", "ProLiant DL385"],
  ["Lenovo", "ThinkSystem SR675 V3"],
  ["Supermicro", "SYS-821GE"],
])("docs/servers.md has each rule of %s in its line, and no other", async (vendor, model) => {
  const text = await readFile(new URL("../../../../docs/servers.md", import.meta.url), "utf8");
  const { names } = rulesOf({ vendor, oem: [], manufacturer: undefined, model });
  const section = text.slice(text.indexOf("## Rules in force"));
  const line = new RegExp(`^\\| ${vendor} \\| (?<rules>.*) \\|$`, "mu").exec(section)?.groups?.["rules"] ?? "";
  const documented = line.split(" · ").map((rule) => rule.replace(/ \(.*\)$/u, ""));
  expect(names.length).toBeGreaterThan(0);
  expect(documented).toEqual(names);
});
