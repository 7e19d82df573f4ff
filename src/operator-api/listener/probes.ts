import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { describeError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { answerError } from "./error-answer.ts";

/** The answers of `/readyz` and `/metrics`. Neither needs a token: they are for this host's supervisor and scraper. */
export interface Probes {
  /** Whether every part serves; if not, why, in a few words. */
  ready(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /** The metrics in the Prometheus text format. */
  metrics(): Promise<string>;
}

const textType = "text/plain; charset=utf-8";
/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Answers `/healthz`, `/readyz` or `/metrics`; returns false for any other path. */
export function answerProbe(
  probes: Probes,
  log: Logger,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): boolean {
  const path = (request.url ?? "").split("?", 1)[0];
  const probe = path === undefined ? undefined : answers[path];
  if (probe === undefined) {
    return false;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    answerError(request, response, { status: 405, code: "unimplemented", message: `${path} takes GET` });
    return true;
  }
  probe(probes).then(
    ({ status, type, body }) => {
      head(response, status, { "content-type": type, "cache-control": "no-store" });
      end(response, request.method === "HEAD" ? "" : body);
    },
    (error: unknown) => {
      log.error({ path, error: describeError(error) }, "probe failed");
      answerError(request, response, {
        status: 503,
        code: "unavailable",
        message: "the probe failed; see the server's log",
      });
    },
  );
  return true;
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

const answers: Readonly<Record<string, (probes: Probes) => Promise<Answer>>> = {
  "/healthz": () => Promise.resolve({ status: 200, type: textType, body: "ok\n" }),
  "/readyz": async (probes) => {
    const state = await probes.ready();
    return state.ready
      ? { status: 200, type: textType, body: "ready\n" }
      : { status: 503, type: textType, body: `not ready: ${state.reason}\n` };
  },
  "/metrics": async (probes) => ({ status: 200, type: metricsType, body: await probes.metrics() }),
};

/** Both classes have the same methods, but different types. */
function head(
  response: ServerResponse | Http2ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  (response as ServerResponse).writeHead(status, headers);
}

function end(response: ServerResponse | Http2ServerResponse, body: string): void {
  (response as ServerResponse).end(body);
}
