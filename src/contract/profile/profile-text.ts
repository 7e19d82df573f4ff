// A profile's file, YAML or JSON: docs/images.md. The command line and the console read the same.
import { create } from "@bufbuild/protobuf";
import { isMap, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ProfileSpecSchema, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { diskSelectorParse } from "../disk-selector-text.ts";
import { parseSeconds } from "../../lib/format/parse-seconds.ts";
import {
  flagValue,
  listValue,
  numberValue,
  recordValue,
  textValue,
  wholeValue,
  type ValueProblem,
} from "./profile-values.ts";

/** A profile as a text says it. */
export interface ProfileText {
  name: string;
  spec: ProfileSpec;
  /** Files beside the text that hold a template. */
  files: { userData?: string; networkConfig?: string };
}

/** A text that is no profile. */
export class ProfileTextError extends Error {}

const known = [
  ...["name", "image", "disk", "user_data", "user_data_file", "network_config", "network_config_file"],
  ...["grow", "read_back", "retry", "expect", "ssh_keys", "user", "values"],
];

/**
 * Reads a profile's text. A key that is not known, or is there twice, is an error. Pure.
 * @throws {ProfileTextError} with everything that is wrong, each with its line
 */
export function profileTextParse(text: string): ProfileText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new ProfileTextError(error.message.split("\n")[0] ?? "");
  }
  const problems: ValueProblem[] = [];
  const value = plainOf(document);
  const file = recordValue(value ?? undefined, [], problems, known);
  if (file === undefined) {
    throw new ProfileTextError("expected an object with name, image and disk");
  }
  const required = (name: string): string | undefined => textValue(file[name], [name], problems, true);
  const optional = (name: string): string => textValue(file[name], [name], problems) ?? "";
  const seconds = (given: unknown, path: readonly string[]): number =>
    parsed(typeof given === "number" ? String(given) : textValue(given, path, problems), path, parseSeconds) ?? 0;
  function parsed<Value>(
    given: string | undefined,
    path: readonly string[],
    parse: (text: string) => Value,
  ): Value | undefined {
    try {
      return given === undefined ? undefined : parse(given);
    } catch (thrown) {
      problems.push({ path, words: thrown instanceof Error ? thrown.message : String(thrown) });
      return undefined;
    }
  }
  const retry = recordValue(file["retry"], ["retry"], problems, ["attempts", "initial", "maximum", "exponent"]);
  const expect = recordValue(file["expect"], ["expect"], problems, ["came_up", "within"]);
  const values = recordValue(file["values"], ["values"], problems) ?? {};
  const name = required("name") ?? "";
  const spec = create(ProfileSpecSchema, {
    image: required("image") ?? "",
    rootDisk: create(DiskSelectorSchema, parsed(required("disk"), ["disk"], diskSelectorParse) ?? {}),
    userData: optional("user_data"),
    networkConfig: optional("network_config"),
    grow: flagValue(file["grow"], ["grow"], problems),
    readBack: flagValue(file["read_back"], ["read_back"], problems),
    sshKeys: listValue(file["ssh_keys"], ["ssh_keys"], problems).map((key) => key.trim()),
    user: optional("user"),
    values: Object.entries(values).map(([one, given]) => {
      const usual = defaultText(given, ["values", one], problems);
      return { name: one, ...(usual === undefined ? {} : { default: usual }) };
    }),
    ...(retry === undefined
      ? {}
      : {
          retry: {
            attempts: wholeValue(retry["attempts"], ["retry", "attempts"], problems),
            initialSeconds: seconds(retry["initial"], ["retry", "initial"]),
            maximumSeconds: seconds(retry["maximum"], ["retry", "maximum"]),
            exponent: numberValue(retry["exponent"], ["retry", "exponent"], problems),
          },
        }),
    ...(expect === undefined
      ? {}
      : {
          expect: {
            cameUp: flagValue(expect["came_up"], ["expect", "came_up"], problems),
            withinSeconds: seconds(expect["within"], ["expect", "within"]),
          },
        }),
  });
  const files: ProfileText["files"] = {};
  for (const [field, key] of [
    ["userData", "user_data"],
    ["networkConfig", "network_config"],
  ] as const) {
    const beside = file[`${key}_file`];
    if (beside !== undefined && file[key] !== undefined) {
      problems.push({ path: [`${key}_file`], words: `${key} and ${key}_file are both there: give one of them` });
    } else if (beside !== undefined) {
      files[field] = optional(`${key}_file`);
    }
  }
  if (problems.length > 0) {
    throw new ProfileTextError(
      problems.map((problem) => problemText(problem, lineOf(document.contents, problem.path, lines))).join("; "),
    );
  }
  return { name, spec, files };
}

/** @throws {ProfileTextError} for aliases that go nowhere, or to too much */
function plainOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ProfileTextError(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
}

/** A value's default as templates get it; undefined where every request must set it. */
function defaultText(given: unknown, path: readonly string[], problems: ValueProblem[]): string | undefined {
  if (given === null) {
    return undefined;
  }
  if (typeof given === "string" || typeof given === "number" || typeof given === "boolean") {
    return String(given);
  }
  problems.push({ path, words: "expected text, a number, true, false or null" });
  return undefined;
}

function problemText({ path, words }: ValueProblem, line: number | undefined): string {
  return `${line === undefined ? "" : `line ${line}: `}${path.length === 0 ? "" : `${path.join(".")}: `}${words}`;
}

/** The line of the value at a path, or of the nearest one above it. */
function lineOf(contents: Node | null, path: readonly string[], lines: LineCounter): number | undefined {
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
