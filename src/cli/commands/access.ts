import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { parseSeconds } from "../line/duration.ts";
import {
  clientFlags,
  docs,
  optionalFlag,
  pageFlags,
  parseRequestId,
  switchFlag,
  textFlag,
  watchFlags,
  type ClientFlags,
  type WatchFlags,
} from "../line/flags.ts";
import type { PageFlags } from "../call/pages.ts";

const roles = ["viewer", "operator", "admin"] as const;

/** The values of `--role`. */
export type RoleWord = (typeof roles)[number];

/** Flags of `farrier token create`. */
export interface TokenCreateFlags extends ClientFlags {
  role: RoleWord;
  expires: number | undefined;
  requestId: string | undefined;
}

/** Flags of `farrier token list`. */
export interface TokenListFlags extends ClientFlags, WatchFlags, PageFlags {
  all: boolean | undefined;
}

/** Flags of `farrier token revoke`. */
export interface TokenRevokeFlags extends ClientFlags {
  requestId: string | undefined;
}

/** Flags of `farrier audit list`. */
export interface AuditListFlags extends ClientFlags, WatchFlags, PageFlags {
  machine: string | undefined;
  actor: string | undefined;
}

const requestId = optionalFlag("Repeat an earlier command with this request id", "UUID", parseRequestId);
const text = (value: string): string => value;

export const whoamiCommand = buildCommand<ClientFlags, [], CliContext>({
  docs: docs("Show the identity and role that your credential gives you", "", [
    "farrier whoami",
    "farrier whoami --context lab",
  ]),
  parameters: { flags: clientFlags },
  loader: async () => (await import("../actions/access.ts")).whoamiAction,
});

export const tokenCreateCommand = buildCommand<TokenCreateFlags, [string], CliContext>({
  docs: docs(
    "Make a token; its secret is printed only once",
    "The secret goes to standard output, everything else to standard error.",
    ["farrier token create alice --role operator --expires 90d", "farrier token create ci --role viewer > ci-token"],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      role: { kind: "enum", values: roles, brief: "Role of the token" },
      expires: optionalFlag("Lifetime, such as 90d (default: no end)", "DURATION", parseSeconds),
      requestId,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the token's owner", placeholder: "NAME", parse: text }],
    },
  },
  loader: async () => (await import("../actions/access.ts")).tokenCreateAction,
});

export const tokenListCommand = buildCommand<TokenListFlags, [], CliContext>({
  docs: docs("List tokens, the newest first", "", ["farrier token list --all"]),
  parameters: {
    flags: { ...clientFlags, ...pageFlags, ...watchFlags, all: switchFlag("Include revoked and expired tokens") },
  },
  loader: async () => (await import("../actions/access.ts")).tokenListAction,
});

export const tokenRevokeCommand = buildCommand<TokenRevokeFlags, [string], CliContext>({
  docs: docs("Revoke a token; all servers refuse it within seconds", "", ["farrier token revoke alice"]),
  parameters: {
    flags: { ...clientFlags, requestId },
    positional: { kind: "tuple", parameters: [{ brief: "Its name or id", placeholder: "TOKEN", parse: text }] },
  },
  loader: async () => (await import("../actions/access.ts")).tokenRevokeAction,
});

export const auditListCommand = buildCommand<AuditListFlags, [], CliContext>({
  docs: docs("List operators' commands, including refused ones, newest first", "", [
    "farrier audit list --machine web1",
    "farrier audit list --actor alice --limit 20 --output json",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      ...pageFlags,
      ...watchFlags,
      machine: textFlag("Only commands about this machine", "ID"),
      actor: textFlag("Only commands of this operator", "NAME"),
    },
  },
  loader: async () => (await import("../actions/access.ts")).auditListAction,
});
