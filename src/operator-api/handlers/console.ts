import { randomBytes } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  ConsoleSessionSchema,
  type ConsoleService,
  type ConsoleSession,
  type ConsoleSessionStartRequest,
} from "../../../gen/farrier/operator/v1/console_pb.ts";
import { roleValues } from "../../contract/words/role.ts";
import { consoleSessionId, type ConsoleSessionId } from "../../database/ids.ts";
import { consoleLinkCreate } from "../../database/queries/console/console-link-create.ts";
import { consoleSessionEnd } from "../../database/queries/console/console-session-end.ts";
import { consoleSessionList } from "../../database/queries/console/console-session-list.ts";
import type { ConsoleSessionRecord } from "../../database/queries/console/console-session-record.ts";
import {
  consoleSessionStartAs,
  consoleSessionStartByCode,
  type NewConsoleSession,
} from "../../database/queries/console/console-session-start.ts";
import { printable } from "../../lib/format/printable.ts";
import { isUuid } from "../../lib/format/uuid.ts";
import { consoleKeyHeader, sessionCookie } from "../caller/browser-secrets.ts";
import { callerKey, limitedMessage, localOperator, unauthenticatedMessage } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { credentialValues } from "../messages/credential-values.ts";
import { pageOf, timePageToken, timePageTokenField } from "../requests/page-token.ts";
import { pageSizeField, requestIdField, validate } from "../requests/validate.ts";

const linkRequest = z.object({ requestId: requestIdField });

/** Codes and tokens are shorter. */
const secretField = z.string().max(256, "too long: expected at most 256 characters");
const startRequest = z
  .object({ linkCode: secretField, bearerToken: secretField })
  .refine(
    ({ linkCode, bearerToken }) => (linkCode === "") !== (bearerToken === ""),
    "link_code: expected a code that `farrier console` made, or else a token in bearer_token",
  );

const endRequest = z.object({
  requestId: requestIdField,
  session: z.union([
    z.literal("").transform(() => undefined),
    z.string().refine(isUuid, "expected a console session's id, a UUID").transform(consoleSessionId),
  ]),
});

const listRequest = z.object({
  pageSize: pageSizeField,
  pageToken: timePageTokenField((id) => (isUuid(id) ? consoleSessionId(id) : undefined)),
});

/** Characters of a browser's name for itself that are stored. */
const userAgentLimit = 256;

/** Seconds of a session, and of its cookie. */
const sessionSeconds = 43_200;

/** The handlers of ConsoleService. */
export function consoleHandlers({
  database,
  authenticator,
  counters,
}: OperatorApiDependencies): ServiceImpl<typeof ConsoleService> {
  function refusal(why: "unauthenticated" | "limited", message: string): ConnectError {
    counters.unauthenticated(why);
    return why === "limited"
      ? new ConnectError(limitedMessage, Code.ResourceExhausted, { "retry-after": "1" })
      : new ConnectError(message, Code.Unauthenticated);
  }

  /** The session of a valid code or token. @throws {ConnectError} `unauthenticated`, `resource_exhausted` */
  async function started(
    { linkCode: code, bearerToken }: Pick<ConsoleSessionStartRequest, "linkCode" | "bearerToken">,
    browser: NewConsoleSession,
  ): Promise<ConsoleSessionRecord> {
    const { address } = browser;
    if (code !== "") {
      const look = await authenticator.linkLook(code, address);
      const session = look === "valid" ? await consoleSessionStartByCode(database, code, browser) : undefined;
      if (session === undefined) {
        throw refusal(look === "limited" ? look : "unauthenticated", codeMessage);
      }
      return session;
    }
    const found = await authenticator.authenticate({ authorization: `Bearer ${bearerToken}`, address });
    const session = "operator" in found ? await consoleSessionStartAs(database, found.operator, browser) : undefined;
    if (session === undefined) {
      throw refusal("refused" in found ? found.refused : "unauthenticated", tokenMessage);
    }
    return session;
  }

  return {
    async consoleLinkCreate(request, context) {
      const { requestId } = validate(linkRequest, request);
      const { operator = localOperator } = context.values.get(callerKey);
      if (operator.consoleSession !== undefined) {
        throw new ConnectError(
          "a browser's session can't sign in another browser: run `farrier console` there, or paste a token",
          Code.FailedPrecondition,
        );
      }
      const code = randomBytes(32).toString("base64url");
      const { expiresAt, made } = await consoleLinkCreate(database, { requestId, code, caller: operator });
      authenticator.tokensChanged();
      return { linkCode: made ? code : "", expiresAt: timestampFromDate(expiresAt) };
    },

    async consoleSessionStart(request, context) {
      const caller = context.values.get(callerKey);
      if (request.linkCode === "" && request.bearerToken === "" && caller.operator === undefined) {
        throw refusal("unauthenticated", unauthenticatedMessage);
      }
      const asked = validate(startRequest, request);
      const cookie = randomBytes(32).toString("base64url");
      const key = randomBytes(32).toString("base64url");
      const { address } = caller;
      const userAgent = printable(caller.userAgent ?? "").slice(0, userAgentLimit);
      const session = await started(asked, { cookie, key, address, userAgent });
      authenticator.tokensChanged();
      // Who signed in, for the audit.
      const { name, role, credential, tokenId, id, expiresAt } = session;
      const operator = { name, role, credential, expiresAt, consoleSession: id };
      context.values.set(callerKey, {
        ...caller,
        operator: tokenId === undefined ? operator : { ...operator, tokenId },
      });
      setCookie(context, sessionCookie({ cookie, key }, caller.secure ?? false, sessionSeconds));
      return { key, session: sessionMessage(session, id) };
    },

    async consoleSessionEnd(request, context) {
      const { requestId, session: named } = validate(endRequest, request);
      const { operator = localOperator, secure = false } = context.values.get(callerKey);
      const session = named ?? operator.consoleSession;
      if (session === undefined) {
        throw new ConnectError(
          "session: expected a console session's id, because this call is made in none",
          Code.InvalidArgument,
        );
      }
      await consoleSessionEnd(database, {
        requestId,
        session,
        ...(operator.role === "admin" || session === operator.consoleSession ? {} : { of: operator }),
      });
      authenticator.tokensChanged();
      const key = context.requestHeader.get(consoleKeyHeader);
      if (session === operator.consoleSession && key !== null) {
        setCookie(context, sessionCookie({ cookie: "", key }, secure, 0));
      }
      return {};
    },

    async consoleSessionList(request, context) {
      const { pageSize, pageToken } = validate(listRequest, request);
      const { operator = localOperator } = context.values.get(callerKey);
      const sessions = await consoleSessionList(database, {
        limit: pageSize + 1,
        ...(operator.role === "admin" ? {} : { of: operator }),
        ...(pageToken === undefined ? {} : { after: pageToken }),
      });
      const { page, next } = pageOf(sessions, pageSize);
      return {
        sessions: page.map((session) => sessionMessage(session, operator.consoleSession)),
        nextPageToken: timePageToken(next),
      };
    },
  };
}

const codeMessage =
  "this link was used already, is older than 60 seconds, or belongs to another control plane: make a new link with " +
  "`farrier console`, or paste a token";

const tokenMessage =
  "this token is not valid: expected a token that is neither revoked nor expired, or the token of the data directory's file " +
  "operator-token";

function setCookie(context: HandlerContext, cookie: string): void {
  context.responseHeader.append("set-cookie", cookie);
  context.responseHeader.set("cache-control", "no-store");
}

function sessionMessage(session: ConsoleSessionRecord, current: ConsoleSessionId | undefined): ConsoleSession {
  return create(ConsoleSessionSchema, {
    id: session.id,
    name: session.name,
    role: roleValues[session.role],
    credential: credentialValues[session.credential],
    tokenId: session.tokenId ?? "",
    address: session.address,
    userAgent: session.userAgent,
    startedAt: timestampFromDate(session.startedAt),
    expiresAt: timestampFromDate(session.expiresAt),
    lastUsedAt: timestampFromDate(session.lastUsedAt),
    current: session.id === current,
  });
}
