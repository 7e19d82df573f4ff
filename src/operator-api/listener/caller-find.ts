import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { RequestOrigin } from "../../lib/net/request-origin.ts";
import type { Authenticated, Authenticator } from "../caller/authenticate.ts";
import { browserCallRefusal, browserMade, loadedSecurely } from "../caller/browser-call.ts";
import { browserSecrets, certificateKey, consoleKeyHeader } from "../caller/browser-secrets.ts";
import { certificateOperator } from "../caller/client-certificate.ts";
import type { Caller, Operator } from "../caller/identity.ts";

type AnyRequest = IncomingMessage | Http2ServerRequest;

/**
 * Who makes a request: by its `authorization` header; or, in the console's calls alone, by a browser's cookie and key or by
 * the client certificate that the browser sends by itself; or by a client's certificate. `foreign` is the message to a
 * browser whose call is none of the console's.
 */
export async function callerFind(
  request: AnyRequest,
  origin: RequestOrigin,
  authenticator: Authenticator,
): Promise<Authenticated | { foreign: string }> {
  const { headers } = request;
  const { authorization } = headers;
  const address = request.socket.remoteAddress ?? "";
  const certificate = certificateOf(request);
  const key = headers[consoleKeyHeader]?.toString();
  if (authorization !== undefined || (key === undefined && (certificate === undefined || !browserMade(headers)))) {
    return authenticator.authenticate({ authorization, certificate, address });
  }
  const foreign = browserCallRefusal({
    method: request.method ?? "",
    contentType: headers["content-type"] ?? "",
    origin,
    keyed: key !== undefined,
  });
  if (foreign !== undefined) {
    return { foreign };
  }
  const shown =
    key === certificateKey
      ? { certificate }
      : { browser: browserSecrets(key ?? "", cookiesOf(request), loadedSecurely(origin)) };
  return authenticator.authenticate({ authorization, ...shown, address });
}

/** The caller as handlers see it. */
export function callerAsSeen(request: AnyRequest, origin: RequestOrigin, operator: Operator | undefined): Caller {
  return {
    operator,
    address: request.socket.remoteAddress ?? "",
    userAgent: request.headers["user-agent"] ?? "",
    secure: loadedSecurely(origin),
  };
}

/** HTTP/2 splits cookies into several headers, which Node joins. */
function cookiesOf(request: AnyRequest): string {
  const { cookie } = request.headers;
  return Array.isArray(cookie) ? cookie.join("; ") : (cookie ?? "");
}

/** The operator named by the connection's client certificate, if the operators' CA issued it. */
function certificateOf(request: AnyRequest): Operator | undefined {
  // Over HTTP/2 the socket is a proxy, which is not an instance of the class.
  const socket = request.socket as Partial<TLSSocket>;
  if (socket.authorized !== true || socket.getPeerCertificate === undefined) {
    return undefined;
  }
  const certificate = socket.getPeerCertificate();
  return Object.keys(certificate).length === 0 ? undefined : certificateOperator(certificate, new Date());
}
