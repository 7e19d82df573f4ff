import { ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Clock } from "../../lib/clock.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import { methodName } from "../caller/authorization.ts";
import { codeName } from "../messages/code-name.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";

/** Logs and counts each call: refusals at level info, so that they are seen, successes at debug. */
export function logInterceptor({ log, counters }: OperatorApiDependencies, clock: Clock): Interceptor {
  return (next) => async (request) => {
    const method = methodName(request.method);
    const started = clock.monotonic();
    const finish = (code: string, refusal?: string): void => {
      const seconds = (clock.monotonic() - started) / 1_000;
      counters.called({ method, code, seconds });
      const milliseconds = Math.round(seconds * 1_000);
      log[refusal === undefined ? "debug" : "info"]({ method, code, milliseconds, refusal }, "operator call");
    };
    try {
      const response = await next(request);
      finish("ok");
      return response;
    } catch (error) {
      const answer = ConnectError.from(error);
      finish(codeName(answer.code), withoutUrlSecrets(answer.rawMessage));
      throw error;
    }
  };
}
