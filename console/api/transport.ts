import { createConnectTransport } from "@connectrpc/connect-web";
import { clockInterceptor } from "./clock-interceptor.ts";
import { sessionInterceptor } from "./session.ts";

/** Calls to the server that this page came from, as binary Connect. */
export const transport = createConnectTransport({
  baseUrl: globalThis.location.origin,
  useBinaryFormat: true,
  interceptors: [sessionInterceptor, clockInterceptor],
});
