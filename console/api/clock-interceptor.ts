import type { Interceptor } from "@connectrpc/connect";
import { serverTimeHeard } from "../parts/server-clock.ts";

/** Hears the server's time from each answer's header Date, to the second. */
export const clockInterceptor: Interceptor = (next) => async (request) => {
  const response = await next(request);
  const date = Date.parse(response.header.get("date") ?? "");
  if (!Number.isNaN(date)) {
    serverTimeHeard(new Date(date));
  }
  return response;
};
