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
import { defined } from "../../lib/defined.ts";

/** Maximum length in characters of a caller's own words, and of a refusal, in the audit. */
const textLimit = 1_024;

/** True for RPCs that change something: their request has a request id. */
export function mutates(method: { input: DescMessage }): boolean {
  return method.input.fields.some((field) => field.name === "request_id");
}

/** RPCs without a request id that show secrets, sign in, or call others. */
const auditedReads: ReadonlySet<string> = new Set([
  "InstallationShow",
  "ProfileShow",
  "ProfileDiff",
  "ProfileRender",
  "ConsoleSessionStart",
  "WebhookTest",
]);

/** True for RPCs whose every call is in the audit, carried out or refused. */
export function audited(method: { name: string; input: DescMessage }): boolean {
  return mutates(method) || auditedReads.has(method.name);
}

/**
 * Milliseconds for which refusals of one operator by one read-only RPC make a single entry, so that a viewer can't fill
 * the audit.
 */
const refusalInterval = 60_000;

/**
 * Writes every command into the audit, carried out or refused, before it is answered, so every acknowledged command is
 * in it. If the entry can't be written, the answer is `unavailable`; the command repeated with its request id gets its
 * first answer, and is then recorded. A read-only call is recorded if it shows secrets, or if its caller's role did not
 * suffice.
 */
export function auditInterceptor(
  { database, auditDatabase = database, log }: OperatorApiDependencies,
  clock: Clock = systemClock,
): Interceptor {
  const refusalNoted = new Map<string, number>();
  /** True if a refusal is to be recorded. The map holds the refusals of the last interval, at most 1,000. */
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
        // Not authenticated: the operator is unknown, and strangers could fill the audit.
        return;
      }
      const { name: actor, credential, role, tokenId, consoleSession } = operator;
      await auditAppend(auditDatabase, {
        actor,
        credential,
        role,
        ...defined({ tokenId, consoleSession }),
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
      // Calls that are too many are an operator's own doing, and can be repeated without end.
      const repeats = !always || refusal.code === Code.ResourceExhausted;
      const recorded = always || refusal.code === Code.PermissionDenied;
      if (!recorded || (repeats && !refusalNew(`${name} ${methodName(request.method)}`))) {
        throw error;
      }
      await append(undefined, codeName(refusal.code), refusal.rawMessage).catch((failure: unknown) => {
        // Nothing was changed, so only the trace of an attempt is lost; the refusal itself matters more to the caller.
        log.warn(
          { error: describeError(failure), method: methodName(request.method) },
          "a refusal could not be written into the audit",
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
      log.error(
        { error: describeError(error), method: methodName(request.method) },
        "a command could not be written into the audit",
      );
      throw new ConnectError(
        mutates(request.method)
          ? `the command was carried out, but could not be written into the audit: repeat it with the same request id, ${requestIdOf(request.message).requestId ?? "none was given"}`
          : "this call shows secrets, so it must be written into the audit first, which failed: try again",
        Code.Unavailable,
      );
    }
    return response;
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** The machine as the caller named it, with its id if the request or the answer has it. */
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

/** Makes a text storable: a refused request may contain anything. */
function clean(text: string): string {
  return text.slice(0, textLimit).toWellFormed().replaceAll("\0", "\uFFFD");
}
