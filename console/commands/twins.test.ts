import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { curlTwin, fileLines, shellLine } from "./twins.ts";

const words = ["plain", "two words", "it's", '$HOME `id` \\ "', "", "line\nfeed", "-x=é\u202E"];

test("a real shell reads the words back", () => {
  const read = execFileSync("sh", ["-c", `printf '%s\\0' ${shellLine(words)}`], { encoding: "utf8" });
  expect(read.split("\0").slice(0, -1)).toEqual(words);
});

test("the JSON of a curl call comes through the shell whole", () => {
  const json = '{"reason":"it\'s $(id) \\\\ too hot"}';
  const call = curlTwin("farrier.operator.v1.MachineService/MachineQuarantine", json);
  const read = execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }; URL=u TOKEN=t; ${call}`], {
    encoding: "utf8",
  });
  expect(read.split("\0")).toContain(json);
  expect(read.split("\0")).toContain("authorization: Bearer t");
});

test("a file's lines make its bytes, whatever they are", () => {
  const bytes = new Uint8Array(randomBytes(1_000));
  const folder = mkdtempSync(join(tmpdir(), "farrier-twins-"));
  try {
    execFileSync("sh", ["-c", fileLines("user data.yaml", bytes).join("\n")], { cwd: folder });
    expect(new Uint8Array(readFileSync(join(folder, "user data.yaml")))).toEqual(bytes);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
