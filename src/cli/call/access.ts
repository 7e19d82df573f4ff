import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { errorCode } from "../../lib/errors.ts";
import { systemWords } from "../../lib/host/system-words.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { isLoopback } from "../../lib/net/host-port.ts";
import { contextNamed, contextsRead, type FleetContext } from "./contexts.ts";
import { CliError } from "../errors.ts";
import { dataDirectory } from "../flags/common.ts";
import type { ClientFlags } from "../flags/client.ts";

/** How a command reaches the control plane, and the credential that it presents. */
export interface Access {
  url: string;
  /** Absent if a client certificate is presented instead. */
  token: string | undefined;
  /** Where the token or the certificate came from, in words. */
  from: string;
  /** PEM. */
  tls: { ca?: string[]; cert?: string; key?: string };
}

/** The flags that choose the control plane. */
export type AccessFlags = Pick<ClientFlags, "dataDir" | "operators"> & { context?: string | undefined };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the control plane. The first of these that is given decides: --context; --operators or --data-dir;
 * FARRIER_CONTEXT; FARRIER_OPERATORS or FARRIER_DATA_DIR; the context that `farrier context use` chose; ./.farrier.
 * @throws {CliError} `unreachable` if no control plane is known, `unauthorised` if there is no token
 */
export async function operatorAccess(flags: AccessFlags, env: Environment): Promise<Access> {
  const named = await contextChosen(flags, env);
  if (named !== undefined) {
    return contextAccess(named.name, named.context);
  }
  const directory = dataDirectory(flags, env);
  const operators = flags.operators ?? (env["FARRIER_OPERATORS"] || undefined);
  const url = operatorUrl(operators ?? (await addressRead(directory)));
  const path = join(directory, "operator-token");
  const missing = `there is no token at ${path}: name the control plane's data directory with --data-dir DIR or FARRIER_DATA_DIR`;
  const token = await tokenRead(path, missing);
  return { url, token, from: path, tls: await trusted(url, join(directory, "tls", "ca.pem"), false) };
}

async function contextChosen(
  { context, operators, dataDir }: AccessFlags,
  env: Environment,
): Promise<{ name: string; context: FleetContext } | undefined> {
  const byFlag = operators !== undefined || dataDir !== undefined;
  if (context !== undefined && byFlag) {
    throw new CliError("usage", "--context includes --operators and --data-dir: give one or the other");
  }
  const name = context ?? (byFlag ? undefined : env["FARRIER_CONTEXT"] || undefined);
  if (name !== undefined) {
    return { name, context: contextNamed(await contextsRead(env), name) };
  }
  if (byFlag || (env["FARRIER_OPERATORS"] ?? "") !== "" || (env["FARRIER_DATA_DIR"] ?? "") !== "") {
    return undefined;
  }
  const contexts = await contextsRead(env);
  const { current } = contexts;
  return current === undefined ? undefined : { name: current, context: contextNamed(contexts, current) };
}

async function contextAccess(name: string, context: FleetContext): Promise<Access> {
  const url = operatorUrl(context.url);
  const tls = await trusted(url, context.caFile, true);
  if (context.certFile !== undefined && context.keyFile !== undefined) {
    tls.cert = await pemRead(context.certFile);
    tls.key = await pemRead(context.keyFile);
  }
  const { tokenFile } = context;
  if (tokenFile !== undefined) {
    const missing = `context "${name}" expects its token at ${tokenFile}, which does not exist: put it there, or change the context`;
    return { url, token: await tokenRead(tokenFile, missing), from: `${tokenFile} (context "${name}")`, tls };
  }
  if (context.token === undefined && tls.cert === undefined) {
    throw new CliError("unauthorised", `context "${name}" has neither token nor certificate: add it again with one`);
  }
  const from = context.token === undefined ? `${context.certFile ?? ""} (context "${name}")` : `context "${name}"`;
  return { url, token: context.token, from, tls };
}

/** Reads the operator API's URL; "HOST:PORT" is http. @throws {CliError} `usage` */
export function operatorUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//iu.test(text) ? text : `http://${text}`);
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new CliError(
      "usage",
      `"${shownUrl(text)}" is not the operator API's URL: expected one such as http://127.0.0.1:8080, without user and password`,
    );
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname.replaceAll(/[[\]]/gu, ""))) {
    throw new CliError(
      "usage",
      `${url.origin} would get the token in clear text over the network: use https, or a tunnel such as \`ssh -L\``,
    );
  }
  return url.href.replace(/\/$/u, "");
}

/**
 * Adds the control plane's own CA to the CAs that the system trusts, because the control plane may have issued its
 * certificate itself.
 */
async function trusted(url: string, path: string | undefined, needed: boolean): Promise<Access["tls"]> {
  if (path === undefined || !url.startsWith("https:")) {
    return {};
  }
  const own = needed ? await pemRead(path) : await fileRead(path);
  return own === undefined ? {} : { ca: [...getCACertificates("default"), own] };
}

async function pemRead(path: string): Promise<string> {
  const text = await fileRead(path);
  if (text === undefined || !text.includes("-----BEGIN ")) {
    const why = text === undefined ? "does not exist" : "is not PEM";
    throw new CliError("usage", `${path} ${why}: expected a PEM file; change the context, or put it there`);
  }
  return text;
}

async function addressRead(directory: string): Promise<string> {
  const text = await fileRead(join(directory, "operator-address"));
  if (text === undefined) {
    throw new CliError(
      "unreachable",
      `${directory} names no control plane: start one with \`farrier up\`, or say where it is with --data-dir DIR or --operators URL`,
    );
  }
  return text;
}

async function tokenRead(path: string, missing: string): Promise<string> {
  const token = await fileRead(path);
  if (token === undefined) {
    throw new CliError("unauthorised", missing);
  }
  if (!/^[\x21-\x7e]+$/u.test(token)) {
    throw new CliError("unauthorised", `${path} holds no token: copy it again from the control plane's data directory`);
  }
  return token;
}

async function fileRead(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return undefined;
    }
    if (code === "EACCES") {
      const message = `this user has no permission to read ${path}: run as the user who runs the control plane`;
      throw new CliError("unauthorised", message, { cause: error });
    }
    throw new CliError("usage", `${path} can't be read ${systemWords(error)}`, { cause: error });
  }
}
