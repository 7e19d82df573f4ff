import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { ErrorAnswer } from "./error-answer.ts";

/** The parts of a request that choose its handler. */
interface AskedCall {
  method: string;
  path: string;
  contentType: string;
  /** The handler at that path; undefined if there is none. */
  handler: Pick<UniversalHandler, "allowedMethods" | "supportedContentType"> | undefined;
}

/** Why no handler accepts the request, and what to send instead; undefined if one accepts it. Pure. */
export function callProblem({ method, path, contentType, handler }: AskedCall): ErrorAnswer | undefined {
  if (handler === undefined) {
    return { status: 404, code: "not_found", message: nothingThere(method, path) };
  }
  if (!handler.allowedMethods.includes(method)) {
    return {
      status: 405,
      code: "unimplemented",
      message: `${path} takes POST, not ${method}: send its request as JSON, ${example(path)}`,
      headers: { allow: handler.allowedMethods.join(", ") },
    };
  }
  if (method === "POST" && !handler.supportedContentType(contentType)) {
    return {
      status: 415,
      code: "invalid_argument",
      message: `${path} does not take the content type ${JSON.stringify(contentType.slice(0, 100))}: send JSON, ${example(path)}`,
      headers: { "accept-post": "application/json, application/proto, application/grpc" },
    };
  }
  return undefined;
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
