import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { isConnectionGone } from "../interceptors/caller-gone.ts";

/**
 * Answers a call by its handler. Errors of handlers are answers; what fails here is the writing of one. Connect's own adapter
 * prints that to the standard error, also where the caller has only left; here it goes to the log, and a caller that left is
 * no error.
 */
export async function operatorCallAnswer(
  handler: UniversalHandler,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  { values, log }: { values: ContextValues; log: Logger },
): Promise<void> {
  try {
    const answer = await handler(universalRequestFromNodeRequest(request, response, undefined, values));
    await universalResponseToNodeResponse(answer, response);
  } catch (error) {
    const call = handler.requestPath;
    if (ConnectError.from(error).code === Code.Aborted || isConnectionGone(error)) {
      log.debug({ call }, "answer not taken");
    } else {
      log.error({ call, error: describeError(error) }, "answer not written");
    }
  }
}
