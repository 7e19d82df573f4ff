import { glob } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createRegistry,
  ScalarType,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
} from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { originalEnums, originalMessages } from "./support/original-contract.ts";
import { repositoryFiles, root } from "./support/repository.ts";

/** The packages that agents speak. */
const packages = /^(?:cloud\.(?:agent|bmaas\.server)\.api|farrier\.agent\.v1)\./u;

/** The descriptors of gen/, those of the operator API aside. */
async function descriptors(): Promise<DescFile[]> {
  const found: DescFile[] = [];
  for await (const path of glob(["cloud/**/*_pb.ts", "farrier/agent/**/*_pb.ts"], { cwd: join(root, "gen") })) {
    const module = (await import(pathToFileURL(join(root, "gen", path)).href)) as Record<string, DescFile>;
    found.push(...Object.values(module).filter((value) => value.kind === "file"));
  }
  return found;
}

function shortName(typeName: string): string {
  return typeName.replace(packages, "");
}

/** A field's type as its .proto file has it, without the package. */
function fieldType(field: DescField): string {
  const { message, enum: enumeration } = field;
  const scalar = field.scalar === undefined ? "" : (ScalarType[field.scalar]?.toLowerCase() ?? "");
  const type = message === undefined ? (enumeration === undefined ? scalar : enumeration.typeName) : message.typeName;
  const label = field.fieldKind === "list" ? "repeated " : field.proto.proto3Optional ? "optional " : "";
  return `${label}${shortName(type)}`;
}

function messageLines(message: DescMessage): string[] {
  const fields = message.fields.map((field) =>
    `${message.typeName} ${field.number} ${field.name} ${fieldType(field)} ${field.oneof?.name ?? ""}`.trim(),
  );
  return [message.typeName, ...fields];
}

function enumLines(enumeration: DescEnum): string[] {
  return [
    enumeration.typeName,
    ...enumeration.values.map((value) => `${enumeration.typeName} ${value.number} ${value.name}`),
  ];
}

/** A line for each message, enum, field, value and method of the contracts. */
async function contractLines(): Promise<string[]> {
  const lines: string[] = [];
  for (const type of createRegistry(...(await descriptors()))) {
    if (!packages.test(type.typeName)) {
      continue;
    }
    if (type.kind === "message") {
      lines.push(...messageLines(type));
    } else if (type.kind === "enum") {
      lines.push(...enumLines(type));
    } else if (type.kind === "service") {
      const kinds = { unary: "unary", server_streaming: "server stream", client_streaming: "", bidi_streaming: "" };
      lines.push(...type.methods.map((method) => `${type.typeName}/${method.name} ${kinds[method.methodKind]}`));
    }
  }
  return lines.toSorted();
}

/** The same lines, read from the document's headings and tables. */
function documentLines(text: string): string[] {
  const lines: string[] = [];
  let type = "";
  for (const line of text.split("\n")) {
    if (/^#{1,6} /u.test(line)) {
      type = /^#### `(?<type>[^`]+)`$/u.exec(line)?.groups?.["type"] ?? "";
      lines.push(...(type === "" ? [] : [type]));
      continue;
    }
    const [first = "", second = "", third = "", fourth = ""] = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const name = second.replaceAll("`", "");
    const path = /^`(?<path>[\w.]+\/\w+)`$/u.exec(first)?.groups?.["path"];
    if (path !== undefined) {
      lines.push(`${path} ${second}`);
    } else if (type !== "" && /^\d+$/u.test(first)) {
      // A table of values has three columns: its third is the meaning.
      const isField = line.split("|").length === 6;
      const oneof = /^One of `(?<name>\w+)`\./u.exec(fourth)?.groups?.["name"] ?? "";
      lines.push(`${type} ${first} ${name} ${isField ? `${third} ${oneof}` : ""}`.trim());
    }
  }
  return lines.toSorted();
}

test("docs/wire.md lists each method, message, field, number and type of the contracts, and nothing else", async () => {
  const text = (await repositoryFiles()).find(({ path }) => path === "docs/wire.md")?.text ?? "";
  const contract = await contractLines();
  expect(contract).toContain("cloud.bmaas.server.api.AgentHeartbeatRequest 100 run_id bytes");
  expect(contract).toContain("farrier.agent.v1.WatchResponse 3 keepalive Keepalive event");
  // What is missing on the left goes into the document; what is missing on the right is not in proto/ (any more).
  expect(documentLines(text)).toEqual(contract);
});

/** "number name" of what is numbered below 100, by number. */
function belowHundred(numbered: readonly { number: number; name: string }[]): string[] {
  return numbered
    .filter(({ number }) => number < 100)
    .toSorted((one, other) => one.number - other.number)
    .map(({ number, name }) => `${number} ${name}`);
}

test("messages and enums of the original contract have its fields below 100, and no others: ours start at 100", async () => {
  const registry = createRegistry(...(await descriptors()));
  const messages = Object.keys(originalMessages).map((name) => [
    name,
    belowHundred(registry.getMessage(name)?.fields ?? []),
  ]);
  expect(Object.fromEntries(messages), "give fields that Farrier adds to these messages numbers from 100 on").toEqual(
    originalMessages,
  );
  const enums = Object.keys(originalEnums).map((name) => [name, belowHundred(registry.getEnum(name)?.values ?? [])]);
  expect(Object.fromEntries(enums), "give values that Farrier adds to these enums numbers from 100 on").toEqual(
    originalEnums,
  );
});
