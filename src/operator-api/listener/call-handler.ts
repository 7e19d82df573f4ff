import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { ErrorAnswer } from "./error-answer.ts";

/** The parts of a request that choose its handler. */
interface AskedCall {
  method: string;
  path: string;
  contentType: string;
}

/** The handler that takes a request, or why none does and what to send instead. Pure. */
export function callHandler(
  handlers: ReadonlyMap<string, UniversalHandler>,
  { method, path, contentType }: AskedCall,
): { handler: UniversalHandler } | { refused: ErrorAnswer } {
  const handler = handlers.get(path);
  if (handler === undefined) {
    return { refused: { status: 404, code: "not_found", message: nothingThere(method, path) } };
  }
  if (!handler.allowedMethods.includes(method)) {
    const message = `${path} takes POST, not ${method}: send its request as JSON, ${example(path)}`;
    const headers = { allow: handler.allowedMethods.join(", ") };
    return { refused: { status: 405, code: "unimplemented", message, headers } };
  }
  if (method === "POST" && !handler.supportedContentType(contentType)) {
    const given = JSON.stringify(contentType.slice(0, 100));
    const message = `${path} does not take the content type ${given}: send JSON, ${example(path)}`;
    const headers = { "accept-post": "application/json, application/proto, application/grpc" };
    return { refused: { status: 415, code: "invalid_argument", message, headers } };
  }
  return { handler };
}

function nothingThere(method: string, path: string): string {
  if (path.startsWith("/grpc.reflection.")) {
    return (
      "this server offers no reflection: give the client the contract, such as " +
      "`grpcurl -import-path proto -proto farrier/operator/v1/machine.proto …` in a checkout"
    );
  }
  return (
    `there is nothing at ${method} ${path.slice(0, 200)}: a call is POST /SERVICE/METHOD, such as ` +
    "/farrier.operator.v1.MachineService/MachineList; docs/api.md lists all of them"
  );
}

function example(path: string): string {
  return `such as \`curl -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{}' URL${path}\``;
}
