import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { isUuid, machineId, requestId } from "../../database/ids.ts";
import { auditAppend, type AuditEntry } from "../../database/queries/access/audit.ts";
import { describeError } from "../../lib/errors.ts";
import { withoutUrlSecrets } from "../../lib/shown-url.ts";
import { methodName } from "../caller/authorization.ts";
import { codeName } from "../messages/code-name.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { callerKey } from "../caller/identity.ts";

/** Characters of a caller's own words, and of a refusal, that are kept. */
const textLimit = 1_024;

/** True for RPCs that change something: those whose request has the caller's id of the command. */
export function mutates(method: { input: DescMessage }): boolean {
  return method.input.fields.some((field) => field.name === "request_id");
}

/**
 * Writes every command into the audit, carried out or refused, before it is answered: what was acknowledged is in it. One
 * that can't be written is answered as unavailable; repeated with its request id, it gets its first answer, and is written.
 */
export function auditInterceptor({ database, log }: OperatorApiDependencies): Interceptor {
  return (next) => async (request) => {
    if (request.stream || !mutates(request.method)) {
      return next(request);
    }
    const append = async (answer: unknown, code: string, message: string): Promise<void> => {
      const { operator, address } = request.contextValues.get(callerKey);
      if (operator === undefined) {
        // Not authenticated: there is no "who", and strangers could fill the audit.
        return;
      }
      const { name: actor, credential, role, tokenId } = operator;
      await auditAppend(database, {
        actor,
        credential,
        role,
        ...(tokenId === undefined ? {} : { tokenId }),
        method: methodName(request.method),
        ...machineNamed(request.message, answer),
        address,
        code,
        message: clean(withoutUrlSecrets(message)),
        ...requestIdOf(request.message),
      });
    };
    let response: Awaited<ReturnType<typeof next>>;
    try {
      response = await next(request);
    } catch (error) {
      const refusal = ConnectError.from(error);
      await append(undefined, codeName(refusal.code), refusal.rawMessage).catch((failure: unknown) => {
        // Nothing was done, so nothing is lost but the trace of an attempt; the refusal itself says more.
        log.warn(
          { error: describeError(failure), method: methodName(request.method) },
          "a refusal is not in the audit",
        );
      });
      throw error;
    }
    try {
      await append(response.message, "ok", "");
    } catch (error) {
      log.error({ error: describeError(error), method: methodName(request.method) }, "a command is not in the audit");
      throw new ConnectError(
        "it is carried out, but could not be written into the audit: repeat it with the same request id",
        Code.Unavailable,
      );
    }
    return response;
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The machine as the caller named it, and its id where request or answer have it. */
function machineNamed(request: unknown, answer: unknown): Pick<AuditEntry, "machine" | "machineId"> {
  const named = textOf(request, "machine");
  const made = answer === undefined ? "" : textOf((answer as Fields)["machine"], "id");
  const id = [answer === undefined ? "" : textOf(answer, "machineId"), made, named].find((text) => isUuid(text));
  return { machine: clean(named), ...(id === undefined ? {} : { machineId: machineId(id) }) };
}

function requestIdOf(request: unknown): Pick<AuditEntry, "requestId"> {
  const text = textOf(request, "requestId");
  return isUuid(text) ? { requestId: requestId(text) } : {};
}

function textOf(message: unknown, field: string): string {
  const value = typeof message === "object" && message !== null ? (message as Fields)[field] : undefined;
  return typeof value === "string" ? value : "";
}

/** What the database can hold: a refused request's words may be anything. */
function clean(text: string): string {
  return text.slice(0, textLimit).toWellFormed().replaceAll("\0", "\uFFFD");
}
