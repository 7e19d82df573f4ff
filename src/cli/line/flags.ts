import { parseHostPort, type HostPort } from "../../lib/net/host-port.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { parseServerName } from "../../lib/tls/names.ts";
import { parseSeconds } from "./duration.ts";
import { CliError } from "../errors.ts";
import type { OperatorTlsFiles } from "../starters.ts";

/** Flags of every command. */
export interface CommonFlags {
  dataDir: string | undefined;
  debug: boolean | undefined;
}

/** Flags of every command that calls the control plane. */
export interface ClientFlags extends CommonFlags {
  operators: string | undefined;
  context: string | undefined;
  output: OutputFormat | undefined;
  json: boolean | undefined;
}

/** Flags of every command that can keep its output up to date. */
export interface WatchFlags {
  watch: boolean | undefined;
}

const outputFormats = ["wide", "json", "yaml", "name"] as const;

/** The values of `--output`. */
export type OutputFormat = (typeof outputFormats)[number];

const text = (value: string): string => value;

/** A switch without a negated form. */
export function switchFlag(brief: string): { kind: "boolean"; optional: true; withNegated: false; brief: string } {
  return { kind: "boolean", optional: true, withNegated: false, brief };
}

/** An optional flag. */
export function optionalFlag<T>(
  brief: string,
  placeholder: string,
  parse: (value: string) => T,
): { kind: "parsed"; optional: true; brief: string; placeholder: string; parse: (value: string) => T } {
  return { kind: "parsed", optional: true, brief, placeholder, parse };
}

/** A flag whose value is used as typed. */
export function textFlag(brief: string, placeholder: string): ReturnType<typeof optionalFlag<string>> {
  return optionalFlag(brief, placeholder, text);
}

/** A mandatory flag. */
export function requiredFlag(
  brief: string,
  placeholder: string,
): { kind: "parsed"; brief: string; placeholder: string; parse: (value: string) => string } {
  return { kind: "parsed", brief, placeholder, parse: text };
}

/** A flag that may be repeated. */
export function repeatedFlag(
  brief: string,
  placeholder: string,
  parse: (value: string) => string = text,
): {
  kind: "parsed";
  optional: true;
  variadic: true;
  brief: string;
  placeholder: string;
  parse: (value: string) => string;
} {
  return { kind: "parsed", optional: true, variadic: true, brief, placeholder, parse };
}

export const commonFlags = {
  dataDir: textFlag("Data directory (or FARRIER_DATA_DIR; default: ./.farrier)", "DIR"),
  debug: switchFlag("Log at level debug; show stack traces"),
} as const;

export const clientFlags = {
  ...commonFlags,
  operators: textFlag("URL of the operator API (or FARRIER_OPERATORS; default: from the data directory)", "URL"),
  context: textFlag("Context to use (or FARRIER_CONTEXT); see `farrier context --help`", "NAME"),
  output: {
    kind: "enum",
    optional: true,
    values: outputFormats,
    brief: "Format: all columns, protobuf JSON, YAML, or names only",
  },
  json: switchFlag("Short for --output json"),
} as const;

export const watchFlags = { watch: switchFlag("Print again after each change, until interrupted") } as const;

export const pageFlags = {
  limit: optionalFlag("Maximum number of entries shown", "N", parsePositive),
  pageToken: textFlag("Continue after an earlier page", "TOKEN"),
} as const;

/** Flags of commands that request installations. */
export interface RetryFlags {
  retryAttempts: number | undefined;
  retryInitial: number | undefined;
  retryMaximum: number | undefined;
}

export const retryFlags = {
  retryAttempts: optionalFlag("Number of further tries after an error", "N", parsePositive),
  retryInitial: optionalFlag(
    "Wait before the first further try, doubled for each one after (default: 60s)",
    "DURATION",
    parseSeconds,
  ),
  retryMaximum: optionalFlag("Maximum wait between two tries (default: 1h)", "DURATION", parseSeconds),
} as const;

/** A command's help: its description and examples. */
export function docs(
  brief: string,
  more: string,
  examples: readonly string[],
): { brief: string; fullDescription: string } {
  const lines = examples.map((example) => `  ${example}`);
  const status = "Exit status: 0 done, 1 failed or refused, 2 wrong command line,\n  3 unreachable, 4 not authorised";
  return { brief, fullDescription: [more === "" ? brief : more, "", "Examples:", ...lines, "", status].join("\n") };
}

/** Flags of the processes that serve agents and operators. */
export const listenFlags = {
  agents: hostPortFlag("Address of the agent port", "127.0.0.1:8443"),
  operators: hostPortFlag("Address of the operator port; TLS unless it is loopback", "127.0.0.1:8080"),
  databaseUrl: textFlag("PostgreSQL to use (or FARRIER_DATABASE_URL)", "URL"),
  secretsKey: textFlag(
    "Key file that secrets are sealed by, the same on all hosts (default: made and kept in the data directory)",
    "FILE",
  ),
  serverName: repeatedFlag("Name or address by which agents reach this host; repeatable", "NAME"),
  operatorName: repeatedFlag(
    "Further name of the operator port, such as a proxy's; repeatable",
    "NAME",
    (value) => parseServerName(value).value,
  ),
  operatorTlsCert: textFlag(
    "Certificate of the operator port, PEM (default: made and kept in the data directory)",
    "FILE",
  ),
  operatorTlsKey: textFlag("Its private key, PEM", "FILE"),
  operatorCa: textFlag("CA of operators' client certificates (CN = name, OU = role), PEM", "FILE"),
} as const;

/** The flags among {@link listenFlags} that concern TLS on the operator port. */
export interface OperatorTlsFlags {
  operatorTlsCert: string | undefined;
  operatorTlsKey: string | undefined;
  operatorCa: string | undefined;
}

/** @throws {CliError} `usage` if only one of certificate and key is given */
export function operatorTlsFiles(flags: OperatorTlsFlags): OperatorTlsFiles {
  const { operatorTlsCert: certFile, operatorTlsKey: keyFile, operatorCa: clientCaFile } = flags;
  if (certFile !== undefined && keyFile !== undefined) {
    return { server: { certFile, keyFile }, clientCaFile };
  }
  if (certFile !== undefined || keyFile !== undefined) {
    throw new CliError("usage", "--operator-tls-cert and --operator-tls-key go together: give both, or none");
  }
  return { server: undefined, clientCaFile };
}

/** Flags about network boot. */
export const netbootFlags = {
  bootImages: textFlag(
    "Folder of boot images, one subfolder per architecture (default: boot-image in the data directory)",
    "DIR",
  ),
  kernelArguments: {
    kind: "parsed",
    brief: "Text appended to the agent's kernel command line",
    placeholder: "TEXT",
    // `no_timer_check` because a virtual machine on a busy host fails the kernel's timer test; `panic=10` reboots after
    // a kernel panic.
    default: "console=tty0 console=ttyS0,115200 no_timer_check panic=10",
    parse: parseKernelArguments,
  },
} as const;

/** Parses kernel arguments: one line that iPXE passes on unchanged. @throws {RangeError} */
function parseKernelArguments(value: string): string {
  // In iPXE "$" begins a setting; "|", "&" and "#" end the command.
  if (!/^[\w ,.:=/@+-]{0,1024}$/u.test(value)) {
    throw new RangeError(`"${value}" can't be passed on: expected letters, digits, spaces and , . : = / @ + - _`);
  }
  return value.trim();
}

export function hostPortFlag(
  brief: string,
  otherwise: string,
): { kind: "parsed"; brief: string; placeholder: string; default: string; parse: (value: string) => HostPort } {
  return { kind: "parsed", brief, placeholder: "HOST:PORT", default: otherwise, parse: parseHostPort };
}

/** Parses a positive whole number. @throws {RangeError} */
export function parsePositive(value: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(value)) {
    throw new RangeError(`${JSON.stringify(value)} is out of range: expected a whole number from 1 to 999999999`);
  }
  return Number(value);
}

/** Parses a generation. @throws {RangeError} */
export function parseGeneration(value: string): bigint {
  if (!/^[1-9]\d{0,18}$/u.test(value) || BigInt(value) > 0x7fff_ffff_ffff_ffffn) {
    throw new RangeError(`"${value}" is not a generation: expected a whole number from 1 to 2^63 - 1`);
  }
  return BigInt(value);
}

/** Parses a request id. @throws {RangeError} */
export function parseRequestId(value: string): string {
  if (!isUuid(value)) {
    throw new RangeError(`"${value}" is not a request id: expected the UUID that the first try printed`);
  }
  return value.toLowerCase();
}

/** The path of the data directory. */
export function dataDirectory(
  flags: { dataDir: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  return flags.dataDir ?? (env["FARRIER_DATA_DIR"] || "./.farrier");
}
