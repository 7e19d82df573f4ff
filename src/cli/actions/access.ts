import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import {
  AuditListResponseSchema,
  Credential,
  Role,
  TokenCreateResponseSchema,
  TokenListResponseSchema,
  TokenRevokeResponseSchema,
  WhoAmIResponseSchema,
  type Token,
} from "../../../gen/farrier/operator/v1/access_pb.ts";
import { answer, answerOf, answerWatched } from "../show/answer.ts";
import { operatorClient } from "../call/client.ts";
import type {
  AuditListFlags,
  RoleWord,
  TokenCreateFlags,
  TokenListFlags,
  TokenRevokeFlags,
} from "../commands/access.ts";
import type { CliContext } from "../context.ts";
import { when } from "../show/describe.ts";
import type { ClientFlags } from "../line/flags.ts";
import { pages } from "../call/pages.ts";

const roles: Record<RoleWord, Role> = { viewer: Role.VIEWER, operator: Role.OPERATOR, admin: Role.ADMIN };
const credentials: ReadonlyMap<Credential, string> = new Map([
  [Credential.DATA_DIRECTORY, "the data directory's token"],
  [Credential.TOKEN, "a token"],
  [Credential.CERTIFICATE, "a client certificate"],
]);

function roleWord(role: Role): string {
  return Object.entries(roles).find(([, value]) => value === role)?.[0] ?? `role ${String(role)}`;
}

/** The age column of a time in the future is left out. */
function until(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? "never" : `${timestampDate(timestamp).toISOString().slice(0, 19)}Z`;
}

/** `farrier whoami` */
export async function whoamiAction(this: CliContext, flags: ClientFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.whoAmI({});
  const { name, role, credential, expiresAt } = message;
  const by = credentials.get(credential) ?? `credential ${String(credential)}`;
  const text = (): string => `${name}, ${roleWord(role)}, by ${by}, expires ${until(expiresAt)}\n`;
  answer(this, flags, { schema: WhoAmIResponseSchema, message, names: () => [name], text });
}

/** `farrier token create` */
export async function tokenCreateAction(this: CliContext, flags: TokenCreateFlags, name: string): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.tokenCreate({
    requestId: flags.requestId ?? randomUUID(),
    name,
    role: roles[flags.role],
    expiresInSeconds: BigInt(flags.expires ?? 0),
  });
  const { token, secret } = message;
  answer(this, flags, {
    schema: TokenCreateResponseSchema,
    message,
    names: () => [token?.name ?? name],
    text: () => (secret === "" ? "" : `${secret}\n`),
    note:
      secret === ""
        ? "this token already exists; its secret was printed when it was made: if the secret is lost, revoke the token and make another"
        : `token of ${token?.name ?? name}, ${flags.role}, expires ${until(token?.expiresAt)}: the secret is shown this once`,
  });
}

/** `farrier token list` */
export async function tokenListAction(this: CliContext, flags: TokenListFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages(flags, async (page) => {
      const response = await access.tokenList({ all: flags.all ?? false, ...page });
      return { items: response.tokens, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: TokenListResponseSchema,
      message: create(TokenListResponseSchema, { tokens: items, nextPageToken }),
      names: () => items.map(({ name }) => name),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              ["NAME", "ROLE", "PREFIX", "STATUS", "EXPIRES", "LAST USED", "MADE", "BY"],
              items.map((token) => [
                token.name,
                roleWord(token.role),
                token.prefix,
                tokenStatus(token, now),
                until(token.expiresAt),
                when(token.lastUsedAt, now),
                when(token.createdAt, now),
                token.createdBy,
              ]),
            ),
      note: items.length === 0 ? "no tokens: `farrier token create --help` says how to make one" : more,
    });
  });
}

function tokenStatus({ revokedAt, expiresAt }: Token, now: Date): string {
  return revokedAt !== undefined
    ? "revoked"
    : expiresAt !== undefined && timestampDate(expiresAt) <= now
      ? "expired"
      : "ok";
}

/** `farrier token revoke` */
export async function tokenRevokeAction(this: CliContext, flags: TokenRevokeFlags, token: string): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const message = await access.tokenRevoke({ requestId: flags.requestId ?? randomUUID(), token });
  const name = message.token?.name ?? token;
  answer(this, flags, {
    schema: TokenRevokeResponseSchema,
    message,
    names: () => [name],
    text: () => `${name} revoked\n`,
  });
}

/** `farrier audit list` */
export async function auditListAction(this: CliContext, flags: AuditListFlags): Promise<void> {
  const { access } = await operatorClient(flags, this.process.env);
  const query = { machine: flags.machine ?? "", actor: flags.actor ?? "" };
  await answerWatched(this, flags, async () => {
    const { items, more, nextPageToken } = await pages({ ...flags, limit: flags.limit ?? 100 }, async (page) => {
      const response = await access.auditList({ ...query, ...page });
      return { items: response.entries, nextPageToken: response.nextPageToken };
    });
    return answerOf({
      schema: AuditListResponseSchema,
      message: create(AuditListResponseSchema, { entries: items, nextPageToken }),
      names: () => items.map(({ requestId }) => requestId),
      text: ({ table, now }) =>
        items.length === 0
          ? ""
          : table(
              [
                { title: "AT", whole: true },
                "WHO",
                "WHAT",
                "MACHINE",
                "FROM",
                "CODE",
                { title: "MESSAGE", wrapped: true },
              ],
              items.map((entry) => [
                when(entry.at, now),
                entry.actor,
                entry.method.split("/").at(-1) ?? entry.method,
                entry.machine || "-",
                entry.address || "-",
                entry.code,
                entry.message,
              ]),
            ),
      note: items.length === 0 ? "nothing was done" : more,
    });
  });
}
