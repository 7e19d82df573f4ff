import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { isUuid } from "../../lib/format/uuid.ts";
import { machineId, requestId } from "../../database/ids.ts";
import { auditAppend, type AuditEntry } from "../../database/queries/access/audit.ts";
import { systemClock, type Clock } from "../../lib/clock.ts";
import { describeError } from "../../lib/errors.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
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

/** Calls that only look, and show what may be a secret. */
const auditedReads: ReadonlySet<string> = new Set(["InstallationShow"]);

/** True for RPCs of which every call is in the audit, carried out or refused. */
export function audited(method: { name: string; input: DescMessage }): boolean {
  return mutates(method) || auditedReads.has(method.name);
}

/** Milliseconds in which one operator's refusals by one RPC that only looks are one entry: a viewer can't fill the audit. */
const refusalInterval = 60_000;

/**
 * Writes every command into the audit, carried out or refused, before it is answered: what was acknowledged is in it. One
 * that can't be written is answered as unavailable; repeated with its request id, it gets its first answer, and is written.
 * A call that only looks is in it where it shows secrets, and where its caller's role was not enough.
 */
export function auditInterceptor({ database, log }: OperatorApiDependencies, clock: Clock = systemClock): Interceptor {
  const refusalNoted = new Map<string, number>();
  /** True for a refusal that is to be noted. The map holds what was noted in the last interval, and 1,000 entries at most. */
  function refusalNew(key: string): boolean {
    const now = clock.monotonic();
    for (const [known, at] of refusalNoted) {
      if (now - at >= refusalInterval || refusalNoted.size >= 1_000) {
        refusalNoted.delete(known);
      }
    }
    const isNew = !refusalNoted.has(key);
    if (isNew) {
      refusalNoted.set(key, now);
    }
    return isNew;
  }
  return (next) => async (request) => {
    const always = audited(request.method);
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
      const name = request.contextValues.get(callerKey).operator?.name ?? "";
      if (!always && (refusal.code !== Code.PermissionDenied || !refusalNew(`${name} ${methodName(request.method)}`))) {
        throw error;
      }
      await append(undefined, codeName(refusal.code), refusal.rawMessage).catch((failure: unknown) => {
        // Nothing was done, so nothing is lost but the trace of an attempt; the refusal itself says more.
        log.warn(
          { error: describeError(failure), method: methodName(request.method) },
          "a refusal is not in the audit",
        );
      });
      throw error;
    }
    if (!always || response.stream) {
      return response;
    }
    try {
      await append(response.message, "ok", "");
    } catch (error) {
      log.error({ error: describeError(error), method: methodName(request.method) }, "a command is not in the audit");
      throw new ConnectError(
        mutates(request.method)
          ? `it is carried out, but could not be written into the audit: repeat it with the same request id, ${requestIdOf(request.message).requestId ?? "none was given"}`
          : "what this call shows is given out only once the audit has the call, and it could not be written: try again",
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
