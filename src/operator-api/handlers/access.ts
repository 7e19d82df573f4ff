import { randomBytes } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  AuditEntrySchema,
  AuditResult,
  TokenCreateRequestSchema,
  TokenSchema,
  type AccessService,
  type AuditEntry,
  type Token,
} from "../../../gen/farrier/operator/v1/access_pb.ts";
import { roleValues, roleWords } from "../../contract/words/role.ts";
import { isUuid, uuidOfText } from "../../lib/format/uuid.ts";
import { tokenId, type RequestId, type TokenId } from "../../database/ids.ts";
import { auditList } from "../../database/queries/access/audit.ts";
import type { TokenRecord } from "../../database/queries/access/token-record.ts";
import { tokenCreate } from "../../database/queries/access/token-create.ts";
import { tokenRevoke } from "../../database/queries/access/token-revoke.ts";
import { tokenList } from "../../database/queries/access/token-list.ts";
import { credentialValues } from "../messages/credential-values.ts";
import { bodyDigest } from "../requests/body-digest.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { authorizationRules } from "../caller/authorization.ts";
import { callerKey, localOperator, operatorKey } from "../caller/identity.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { pageOf, timePageToken, timePageTokenField } from "../requests/page-token.ts";
import { machineField, pageSizeField, requestIdField, text, timeField, validate } from "../requests/validate.ts";
import { wordField } from "../requests/word-field.ts";
import { defined } from "../../lib/defined.ts";

const roleField = wordField(roleWords, "expected ROLE_VIEWER, ROLE_OPERATOR or ROLE_ADMIN");

/**
 * A token's name: the rule of the table's CHECK, and nothing that looks like an id or is the built-in administrator's
 * name.
 */
const tokenNameField = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._@-]{0,61}[a-z0-9])?$/u,
    "expected a-z, 0-9 and '.-_@', with a letter or digit at both ends, at most 63 characters",
  )
  .refine(
    (name) => !isUuid(name),
    "looks like a UUID: expected another form, because a name is accepted wherever an id is",
  )
  .refine((name) => name !== localOperator.name, "is the name of the data directory's token: choose another");

const tenYears = 315_360_000n;
const createRequest = z.object({
  requestId: requestIdField,
  name: tokenNameField,
  role: roleField,
  expiresInSeconds: z
    .bigint()
    .refine(
      (seconds) => seconds === 0n || (seconds >= 60n && seconds <= tenYears),
      "expected 60 to 315360000 (10 years), or 0 for a token that never expires",
    ),
});

const listRequest = z.object({
  all: z.boolean(),
  pageSize: pageSizeField,
  pageToken: timePageTokenField((id) => (isUuid(id) ? tokenId(id) : undefined)),
});

const revokeRequest = z.object({
  requestId: requestIdField,
  token: z
    .string()
    .refine((value) => isUuid(value) || tokenNameField.safeParse(value).success, "expected a token's id or its name"),
});

/** Full names of the RPCs that are meant by a full name or its last part. */
const methodField = z.string().transform((name, context): string[] => {
  const known = Object.keys(authorizationRules).filter((method) => method === name || method.endsWith(`/${name}`));
  if (name === "" || known.length === 0) {
    context.addIssue("expected a call's name, such as MachineAdd: docs/api.md has all");
    return z.NEVER;
  }
  return known;
});

const auditResults = {
  [AuditResult.UNSPECIFIED]: "any",
  [AuditResult.OK]: "ok",
  [AuditResult.REFUSED]: "refused",
} as const;

const auditRequest = z.object({
  machine: z.union([z.literal("").transform(() => undefined), machineField], "expected a machine's UUID or its name"),
  actor: text(256),
  pageSize: pageSizeField,
  pageToken: timePageTokenField((id) => (/^\d{1,18}$/u.test(id) ? BigInt(id) : undefined)),
  methods: z
    .array(methodField)
    .max(100, "expected at most 100 methods")
    .transform((methods) => methods.flat()),
  result: wordField(auditResults, "expected AUDIT_RESULT_OK, AUDIT_RESULT_REFUSED, or nothing for both"),
  from: timeField,
  before: timeField,
});

/** The handlers of AccessService. */
export function accessHandlers({
  database,
  authenticator,
}: OperatorApiDependencies): ServiceImpl<typeof AccessService> {
  return {
    whoAmI(_request, context) {
      const { operator = localOperator, address } = context.values.get(callerKey);
      return {
        name: operator.name,
        role: roleValues[operator.role],
        credential: credentialValues[operator.credential],
        address,
        consoleSessionId: operator.consoleSession ?? "",
        ...(operator.expiresAt === undefined ? {} : { expiresAt: timestampFromDate(operator.expiresAt) }),
      };
    },

    async tokenCreate(request, context) {
      const { requestId, name, role, expiresInSeconds } = validate(createRequest, request);
      const secret = `frr_${randomBytes(32).toString("base64url")}`;
      const { token, made } = await tokenCreate(database, {
        requestId,
        bodyDigest: bodyDigest(TokenCreateRequestSchema, request),
        tokenId: tokenIdOfRequest(requestId),
        name,
        role,
        secret,
        prefix: secret.slice(0, 10),
        expiresInSeconds,
        createdBy: context.values.get(operatorKey).name,
      });
      authenticator.tokensChanged();
      return { token: tokenMessage(token), secret: made ? secret : "" };
    },

    async tokenList(request) {
      const { all, pageSize, pageToken } = validate(listRequest, request);
      const tokens = await tokenList(database, {
        all,
        limit: pageSize + 1,
        ...defined({ after: pageToken }),
      });
      const { page, next } = pageOf(tokens, pageSize);
      return { tokens: page.map((token) => tokenMessage(token)), nextPageToken: timePageToken(next) };
    },

    async tokenRevoke(request, context) {
      const { requestId, token } = validate(revokeRequest, request);
      const revoked = await tokenRevoke(database, {
        requestId,
        token,
        revokedBy: context.values.get(operatorKey).name,
      });
      authenticator.tokensChanged();
      return { token: tokenMessage(revoked) };
    },

    async auditList(request) {
      const { machine, actor, pageSize, pageToken, methods, result, from, before } = validate(auditRequest, request);
      const entries = await auditList(database, {
        limit: pageSize + 1,
        ...(machine === undefined ? {} : { machineId: await machineOf(database, machine) }),
        ...(actor === "" ? {} : { actor }),
        methods,
        ...(result === "any" ? {} : { result }),
        ...defined({ before: pageToken, from, until: before }),
      });
      const { page, next } = pageOf(entries, pageSize);
      return { entries: page.map((entry) => auditMessage(entry)), nextPageToken: timePageToken(next) };
    },
  };
}

/** Derives the id of a new token from the request id, so that a repeated request creates the same token. */
function tokenIdOfRequest(requestId: RequestId): TokenId {
  return tokenId(uuidOfText(`farrier token ${requestId}`));
}

function tokenMessage(token: TokenRecord): Token {
  const times: Partial<MessageInitShape<typeof TokenSchema>> = {
    ...(token.expiresAt === undefined ? {} : { expiresAt: timestampFromDate(token.expiresAt) }),
    ...(token.revokedAt === undefined ? {} : { revokedAt: timestampFromDate(token.revokedAt) }),
    ...(token.lastUsedAt === undefined ? {} : { lastUsedAt: timestampFromDate(token.lastUsedAt) }),
  };
  return create(TokenSchema, {
    id: token.tokenId,
    name: token.name,
    role: roleValues[token.role],
    prefix: token.prefix,
    createdAt: timestampFromDate(token.createdAt),
    createdBy: token.createdBy,
    revokedBy: token.revokedBy ?? "",
    ...times,
  });
}

function auditMessage(entry: Awaited<ReturnType<typeof auditList>>[number]): AuditEntry {
  return create(AuditEntrySchema, {
    at: timestampFromDate(entry.at),
    actor: entry.actor,
    credential: credentialValues[entry.credential],
    role: roleValues[entry.role],
    method: entry.method,
    machine: entry.machine,
    machineId: entry.machineId ?? "",
    machineName: entry.machineName ?? "",
    address: entry.address,
    code: entry.code,
    message: entry.message,
    requestId: entry.requestId ?? "",
    tokenId: entry.tokenId ?? "",
    consoleSessionId: entry.consoleSession ?? "",
  });
}
