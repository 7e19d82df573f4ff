import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { callPlaceLimits, callPlaces, TooManyCalls } from "../caller/call-places.ts";
import { callerKey, operatorShare } from "../caller/identity.ts";

/**
 * Runs a limited number of each operator's unary calls at a time: one operator's slow calls can't take all of the
 * operators' database connections. Further calls wait, up to a limit; more are refused with the time to retry. Comes
 * after the identity interceptor.
 */
export function callShareInterceptor(): Interceptor {
  const places = callPlaces();
  return (next) => async (request) => {
    const { operator } = request.contextValues.get(callerKey);
    if (request.stream || operator === undefined) {
      return next(request);
    }
    const done = await places
      .take(operatorShare(operator))
      .catch((error: unknown) => Promise.reject(error instanceof TooManyCalls ? tooMany(operator.name) : error));
    try {
      return await next(request);
    } finally {
      done();
    }
  };
}

function tooMany(name: string): ConnectError {
  const { running, waiting } = callPlaceLimits;
  return new ConnectError(
    `"${name}" has ${running + waiting} calls under way: expected fewer at once. Retry after a second`,
    Code.ResourceExhausted,
    { "retry-after": "1", "grpc-retry-pushback-ms": "1000" },
  );
}
