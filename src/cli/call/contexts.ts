import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../../lib/host/atomic-file.ts";
import { errorCode } from "../../lib/errors.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { CliError } from "../errors.ts";

/** How one fleet's control plane is reached. Paths are absolute. */
export interface FleetContext {
  url: string;
  /** A file that holds the token, or the token itself. Both are absent if a client certificate is used. */
  tokenFile?: string;
  token?: string;
  /** PEM file of the control plane's CA, in addition to the CAs that the system trusts. */
  caFile?: string;
  /** PEM files of the client certificate and of its private key. */
  certFile?: string;
  keyFile?: string;
}

/** All contexts of this user. */
export interface Contexts {
  /** The context that is used if no other is named. */
  current?: string;
  contexts: Record<string, FleetContext>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const keys = ["url", "tokenFile", "token", "caFile", "certFile", "keyFile"] as const;

/**
 * The path of the contexts' file, under XDG_CONFIG_HOME (default ~/.config); undefined if there is no home directory.
 */
export function contextsPath(env: Environment): string | undefined {
  const home = env["HOME"] || undefined;
  const configuration = env["XDG_CONFIG_HOME"] || (home === undefined ? undefined : join(home, ".config"));
  return configuration === undefined ? undefined : join(configuration, "farrier", "contexts.json");
}

/** Reads the contexts; a missing file has none. @throws {CliError} `usage` if the file can't be read */
export async function contextsRead(env: Environment): Promise<Contexts> {
  const path = contextsPath(env);
  let text: string;
  try {
    text = path === undefined ? '{"contexts":{}}' : await readFile(path, "utf8");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return { contexts: {} };
    }
    throw new CliError("usage", `${path} can't be read ${systemWords(error)}`, {
      cause: error,
    });
  }
  const read = contextsParse(text);
  if (read === undefined) {
    throw new CliError(
      "usage",
      `${path} is not a valid contexts' file: repair it, or move it away and add the contexts again`,
    );
  }
  return read;
}

/** Writes the contexts, readable by this user alone. @throws {CliError} `failed` */
export async function contextsWrite(env: Environment, contexts: Contexts): Promise<void> {
  const path = contextsPath(env);
  if (path === undefined) {
    throw new CliError("failed", "contexts are kept in the home directory, but HOME is not set: set it");
  }
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(path, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CliError("failed", `${path} can't be written ${systemWords(error)}`, { cause: error });
  }
}

/** Parses the file's text; undefined if it is not a contexts' file. */
export function contextsParse(text: string): Contexts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !isRecord(value["contexts"])) {
    return undefined;
  }
  const contexts: Contexts = { contexts: {} };
  for (const [name, one] of Object.entries(value["contexts"])) {
    if (!isRecord(one) || typeof one["url"] !== "string") {
      return undefined;
    }
    const context: FleetContext = { url: one["url"] };
    for (const key of keys) {
      const field = one[key];
      if (typeof field === "string") {
        context[key] = field;
      } else if (field !== undefined) {
        return undefined;
      }
    }
    contexts.contexts[name] = context;
  }
  return typeof value["current"] === "string" ? { ...contexts, current: value["current"] } : contexts;
}

/** Finds a context by its name. @throws {CliError} `usage` if there is none of that name */
export function contextNamed({ contexts }: Contexts, name: string): FleetContext {
  const context = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (context === undefined) {
    const all = Object.keys(contexts).join(", ");
    const there = all === "" ? "there are none: `farrier context add --help` says how to make one" : `there are ${all}`;
    throw new CliError("usage", `there is no context "${name}": ${there}`);
  }
  return context;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
