import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { systemClock, type Clock } from "../../lib/clock.ts";
import { roleIncludes } from "../../database/role.ts";
import { authorizationRules, methodName } from "../caller/authorization.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { callerKey, operatorKey, unauthenticatedError } from "../caller/identity.ts";
import { streamWhileValid } from "./stream-authentication.ts";

/**
 * Admits a call if its caller's role suffices, and passes the caller to the handler. A stream ends when the credential
 * that opened it is revoked or expires.
 */
export function identityInterceptor(
  { authenticator, counters }: OperatorApiDependencies,
  clock: Clock = systemClock,
): Interceptor {
  return (next) => async (request) => {
    const method = methodName(request.method);
    const needed = authorizationRules[method];
    const caller = request.contextValues.get(callerKey);
    const { operator: known, address } = caller;
    const authorization = request.header.get("authorization");
    if (needed === "anybody" && known === undefined && authorization === null) {
      return next(request);
    }
    const shown = { authorization, address };
    const found = known === undefined ? await authenticator.authenticate(shown) : { operator: known };
    if (!("operator" in found)) {
      counters.unauthenticated(found.refused);
      throw unauthenticatedError();
    }
    const { operator } = found;
    request.contextValues.set(callerKey, { ...caller, operator });
    request.contextValues.set(operatorKey, { kind: "operator", name: operator.name });
    if (needed === undefined) {
      throw new ConnectError(`${method} has no authorisation rule, so nobody may call it`, Code.PermissionDenied);
    }
    if (needed !== "anybody" && !roleIncludes(operator.role, needed)) {
      throw new ConnectError(
        `${request.method.name} needs the role ${needed}; "${operator.name}" has the role ${operator.role}: ask an admin ` +
          "for a token with that role",
        Code.PermissionDenied,
      );
    }
    const response = await next(request);
    return response.stream
      ? { ...response, message: streamWhileValid({ messages: response.message, operator, authenticator, clock }) }
      : response;
  };
}
