import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { z } from "zod";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ProfileSpecSchema, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { diskSelectorParse } from "../../contract/disk-selector-text.ts";
import { defined } from "../../lib/defined.ts";
import { issueWords } from "../../lib/format/issue-words.ts";
import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";

/** A profile as its file says it. */
export interface ProfileFile {
  name: string;
  spec: ProfileSpec;
}

const fileMost = 1 << 20;

/** Durations as on the command line: 90, 90s, 15m, 1h. */
const secondsField = z.union([z.number(), z.string()]).transform((value, context) => {
  try {
    return parseSeconds(String(value));
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

const diskField = z.string().transform((value, context) => {
  try {
    return diskSelectorParse(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});

const fileField = z.strictObject({
  name: z.string(),
  image: z.string(),
  disk: diskField,
  user_data: z.string().optional(),
  user_data_file: z.string().optional(),
  network_config: z.string().optional(),
  network_config_file: z.string().optional(),
  grow: z.boolean().optional(),
  read_back: z.boolean().optional(),
  retry: z
    .strictObject({
      attempts: z.int(),
      initial: secondsField.optional(),
      maximum: secondsField.optional(),
      exponent: z.number().optional(),
    })
    .optional(),
  expect: z.strictObject({ came_up: z.boolean().optional(), within: secondsField.optional() }).optional(),
  ssh_keys: z.array(z.string()).optional(),
  user: z.string().optional(),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

/** @throws {CliError} `usage` for aliases that go nowhere, or to too much */
function plainOf(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new CliError("usage", `-f ${path}: ${why}`, { cause: error });
  }
}

/**
 * Reads a profile's file: YAML or JSON. A key that is not known, or is there twice, is an error.
 * @throws {CliError} `usage`, with the line
 */
export async function profileFileRead(path: string): Promise<ProfileFile> {
  const text = await textOf("-f", path);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new CliError("usage", `-f ${path}: ${error.message.split("\n")[0] ?? ""}`);
  }
  const result = fileField.safeParse(plainOf(document, path), { error: issueWords });
  if (!result.success) {
    const problems = result.error.issues.map((issue) => {
      const at = lineOf(document.contents, issue.path, lines);
      const field = issue.path.join(".");
      return `${at === undefined ? "" : `line ${at}: `}${field === "" ? "" : `${field}: `}${issue.message}`;
    });
    throw new CliError("usage", `-f ${path}: ${problems.join("; ")}`);
  }
  const file = result.data;
  const folder = path === "-" ? process.cwd() : dirname(resolve(path));
  const template = async (name: "user_data" | "network_config"): Promise<string> => {
    const [own, beside] = [file[name], file[`${name}_file`]];
    if (own !== undefined && beside !== undefined) {
      throw new CliError("usage", `-f ${path}: ${name} and ${name}_file are both there: give one of them`);
    }
    return beside === undefined ? (own ?? "") : textOf(`-f ${path}: ${name}_file`, resolve(folder, beside));
  };
  const { retry, expect, values = {} } = file;
  return {
    name: file.name,
    spec: create(ProfileSpecSchema, {
      image: file.image,
      rootDisk: create(DiskSelectorSchema, file.disk),
      userData: await template("user_data"),
      networkConfig: await template("network_config"),
      grow: file.grow ?? false,
      readBack: file.read_back ?? false,
      sshKeys: (file.ssh_keys ?? []).map((key) => key.trim()),
      user: file.user ?? "",
      values: Object.entries(values).map(([name, value]) => ({
        name,
        ...(value === null ? {} : { default: String(value) }),
      })),
      ...(retry === undefined
        ? {}
        : {
            retry: {
              attempts: retry.attempts,
              initialSeconds: retry.initial ?? 0,
              maximumSeconds: retry.maximum ?? 0,
              exponent: retry.exponent ?? 0,
            },
          }),
      ...defined({
        expect:
          expect === undefined ? undefined : { cameUp: expect.came_up ?? false, withinSeconds: expect.within ?? 0 },
      }),
    }),
  };
}

async function textOf(flag: string, path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path === "-" ? "/dev/stdin" : path);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} can't be read ${systemWords(error)}`, { cause: error });
  }
  if (bytes.length > fileMost) {
    throw new CliError("usage", `${flag} ${path} has ${bytes.length} bytes: expected at most ${fileMost}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CliError("usage", `${flag} ${path} is not UTF-8 text: save it in that encoding`, { cause: error });
  }
}

/** The line of the value at a path, or of the nearest one above it. */
function lineOf(contents: Node | null, path: readonly PropertyKey[], lines: LineCounter): number | undefined {
  let node: unknown = contents;
  let at = contents?.range?.[0];
  for (const part of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === part) : undefined;
    if (pair === undefined || !isScalar(pair.key)) {
      break;
    }
    at = pair.key.range?.[0] ?? at;
    node = pair.value;
  }
  return at === undefined ? undefined : lines.linePos(at).line;
}
