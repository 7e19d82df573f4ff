// The source of src/database/tables.ts: see generate.ts.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const codegen = fileURLToPath(new URL("../node_modules/kysely-codegen/dist/cli/bin.js", import.meta.url));

/** Columns with a more specific type than their SQL type, in every table. */
const branded: Record<string, string> = {
  machine_id: "MachineId",
  session_id: "SessionId",
  request_id: "RequestId",
  token_id: "TokenId",
  credential_id: "CredentialId",
  operation_id: "OperationId",
  created_request_id: "RequestId",
  revoked_request_id: "RequestId",
  generation: "Generation",
  process: "Process",
  labels: "Record<string, string>",
  detail_json: "Record<string, unknown>",
};
/** Such columns of a single table. */
const brandedIn: Record<string, Record<string, string>> = {
  ImageRule: { keys: "{ format: number; publicKey: string }[]" },
  History: { detail: "Record<string, unknown>" },
  OperatorCommand: { answer: "Record<string, unknown>" },
  MachineProvided: { listed: "Record<string, unknown>" },
  MachineControllerWanted: { wanted: "Record<string, unknown>" },
  MachineCameUp: { report: "Record<string, unknown>" },
  ImageVersion: { facts: "Record<string, unknown>" },
  SecretsCommand: { answer: "Record<string, unknown>" },
  MachineHealth: { events: "Record<string, unknown>[]" },
  ControllerOperation: { asked: "Record<string, unknown>", result: "Record<string, unknown>" },
};

/** Puts the branded types into the generated text. Pure. */
function brand(generated: string): string {
  let table = "";
  const lines = generated.split("\n").map((line) => {
    table = /^export interface (?<name>\w+)/u.exec(line)?.groups?.["name"] ?? table;
    const match = /^ {2}(?<column>\w+): (?<type>.+);$/u.exec(line);
    const column = match?.groups?.["column"] ?? "";
    const type = brandedIn[table]?.[column] ?? (table === "DB" ? undefined : branded[column]);
    if (match?.groups === undefined || type === undefined) {
      return line;
    }
    return line.replace(/\b(?:string|bigint|JsonObject)\b/u, type);
  });
  return lines
    .join("\n")
    .replace(
      'import type { ColumnType } from "kysely";',
      'import type { ColumnType } from "kysely";\nimport type { CredentialId, Generation, MachineId, OperationId, Process, RequestId, SessionId, TokenId } from "./ids.ts";',
    );
}

/** Appends "Table" to the name of each table's type, because the code's own types have the plain names. Pure. */
function suffix(generated: string): string {
  const names = [...generated.matchAll(/^export interface (?<name>\w+) \{$/gmu)]
    .map((match) => match.groups?.["name"] ?? "")
    .filter((name) => name !== "DB");
  const named = new RegExp(`^(export interface |  \\w+: )(${names.join("|")})( \\{|;)$`, "gmu");
  return generated.replace(named, "$1$2Table$3");
}

/** The row types of the database at `url`. */
export async function tablesGenerate(url: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    codegen,
    "--print",
    "--log-level=error",
    "--dialect=postgres",
    `--url=${url}`,
    "--exclude-pattern=(schema_migrations|history_*|process|agent_silence|machine_state_limit)",
    '--type-mapping={"int8":"bigint","timestamptz":"Date","xid8":"string","jsonb":"JsonObject"}',
  ]);
  return `${suffix(brand(stdout)).trim()}\n`;
}
