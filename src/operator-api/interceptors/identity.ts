import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { authorizationRules, methodName } from "../authorization.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { identify, operatorKey, unauthenticated } from "../identity.ts";

/** Lets a call through where its rule is met, and tells the handler who calls. */
export function identityInterceptor({ token, counters }: OperatorApiDependencies): Interceptor {
  return (next) => (request) => {
    const operator = identify(request.header.get("authorization"), token);
    if (operator === undefined) {
      counters.unauthenticated();
      throw unauthenticated();
    }
    const method = methodName(request.method);
    if (authorizationRules[method] === undefined) {
      throw new ConnectError(`${method} has no authorisation rule, so nobody may call it`, Code.PermissionDenied);
    }
    request.contextValues.set(operatorKey, operator);
    return next(request);
  };
}
