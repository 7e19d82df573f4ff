// Errors name no flag that the command does not have.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { flagsNamed } from "./call/flags-named.ts";
import { actionsFolder, commandFiles } from "./testing/commands.ts";

const commands = await commandFiles();
const everyFlag = new Set(commands.flatMap(({ flags }) => flags));
const cli = fileURLToPath(new URL(".", import.meta.url));
const source = join(cli, "..");

/** Flags that are named in the texts of a file: not in comments, in commands in backticks, or as lists of arguments. */
function flagsIn(text: string): string[] {
  const texts = text
    .split("\n")
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/u.test(line))
    .join("\n")
    .replaceAll(/\\?`farrier (?:[^`\\$]|\$\{[^}]*\})*\\?`/gu, "");
  return [...texts.matchAll(/(?<=["`'( ])--(?<flag>[a-z][a-z-]+)(?=[ "`'):,;.])/gu)].map(
    ({ groups }) => groups?.["flag"] ?? "",
  );
}

test("there are commands and flags to look at", () => {
  expect(commands.length).toBeGreaterThan(90);
  expect(flagsIn('throw new CliError("usage", "--public needs --cache: `farrier x --other`"); // --none')).toEqual([
    "public",
    "cache",
  ]);
});

test.each(commands)("X11: the action of $file names its command's flags only", async ({ file, flags }) => {
  const named = flagsIn(await readFile(join(actionsFolder, file), "utf8"));
  expect(named.filter((flag) => !flags.includes(flag))).toEqual([]);
});

/** Files with flags of other programs. */
const others = /(?:came-up\/vendor-script|profiles\/cloud-init-schema|takeover\/scripts)\.ts$/u;

test("X11: every flag that a text of the control plane names is one of some command", async () => {
  const files = (await readdir(source, { recursive: true })).filter(
    (path) =>
      /^(?:operator-api|contract|catalogue|events|profiles|secrets|shepherd|janitor|database\/queries)\//u.test(path) &&
      path.endsWith(".ts") &&
      !path.endsWith(".test.ts") &&
      !path.includes("testing/") &&
      !others.test(path),
  );
  const named = await Promise.all(
    files.map(async (path) => flagsIn(await readFile(join(source, path), "utf8")).map((flag) => ({ path, flag }))),
  );
  expect(named.flat().length).toBeGreaterThan(20);
  expect(named.flat().filter(({ flag }) => !everyFlag.has(flag))).toEqual([]);
});

const methods = await operatorMethods();

/** Fields that are no flag of some command: arguments, and what commands send by themselves. */
const noFlags = new Set([
  ...["machine", "token", "key", "tag", "name", "url", "image", "profile", "provider", "rollout", "session", "key_ids"],
  ...["public_key", "operation_id", "wait_seconds", "page_size", "page_token", "request_id"],
  ...["filter", "search", "states", "machines", "spec", "trust", "target", "command", "on", "generation", "reason"],
  "cursor",
]);

test.each(commands)("X11: a refusal names flags that $file has", async ({ file, flags }) => {
  const text = await textsFrom(join(actionsFolder, file));
  const wrong = calledIn(text).flatMap((method) =>
    method.input.fields
      .filter(({ localName }) => new RegExp(`\\b${localName}\\b`, "u").test(text))
      .map(({ name }) => ({ name, said: flagsNamed(`${name}: is wrong`, emptyOf(method), flags) }))
      .filter(({ name, said }) => {
        const flag = /^--(?<flag>[a-z-]+)/u.exec(said)?.groups?.["flag"];
        return flag === undefined ? !noFlags.has(name) : !flags.includes(flag);
      })
      .map(({ name, said }) => `${method.name}.${name}: ${said}`),
  );
  expect(wrong).toEqual([]);
});

const emptyOf = ({ input }: DescMethod): object =>
  Object.fromEntries(input.fields.map(({ localName }) => [localName, undefined]));

const calledIn = (text: string): DescMethod[] =>
  [...new Set([...text.matchAll(/\.(?<name>\w+)\(/gu)].map(({ groups }) => groups?.["name"] ?? ""))].flatMap(
    (name) => methods.get(name) ?? [],
  );

/** The action's file, with those of the command line that it imports. */
async function textsFrom(path: string, seen = new Set<string>()): Promise<string> {
  if (seen.has(path)) {
    return "";
  }
  seen.add(path);
  const text = await readFile(path, "utf8");
  const imported = [...text.matchAll(/from "(?<path>\.[^"]+)"/gu)]
    .map(({ groups }) => join(dirname(path), groups?.["path"] ?? ""))
    .filter((next) => next.startsWith(cli) && !next.endsWith("/call/client.ts"));
  const texts = await Promise.all(imported.map((next) => textsFrom(next, seen)));
  return [text, ...texts].join("\n");
}

async function operatorMethods(): Promise<Map<string, DescMethod>> {
  const folder = fileURLToPath(new URL("../../gen/farrier/operator/v1/", import.meta.url));
  const modules = await Promise.all(
    (await readdir(folder)).map(
      (file) => import(pathToFileURL(join(folder, file)).href) as Promise<Record<string, { kind?: string }>>,
    ),
  );
  return new Map(
    modules
      .flatMap((module) => Object.values(module))
      .filter((value): value is DescService => value.kind === "service")
      .flatMap((service) => service.methods)
      .map((method) => [method.localName, method]),
  );
}
