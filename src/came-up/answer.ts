import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Database } from "../database/connect.ts";
import { DatabaseError } from "../database/errors.ts";
import type { CameUpDecision } from "../database/queries/came-up/came-up-decide.ts";
import { cameUpFind } from "../database/queries/came-up/came-up-find.ts";
import { cameUpRecord } from "../database/queries/came-up/came-up-record.ts";
import type { Clock } from "../lib/clock.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { addressLimit } from "../lib/net/address-limit.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { cameUpLimits, cameUpPath } from "./limits.ts";
import { reportParse } from "./report-parse.ts";

interface Answer {
  status: number;
  text: string;
  outcome: string;
}

const tokenPattern = /^Bearer (?<token>[A-Za-z0-9_-]{43})$/u;
/** One for every caller without a right token: it says nothing of machines. */
const unknown: Answer = { status: 401, text: "this token is not accepted\n", outcome: "unknown" };
const busy: Answer = { status: 503, text: "not now: report again later\n", outcome: "unavailable" };
const tooLarge: Answer = { status: 413, text: `at most ${cameUpLimits.body} bytes are accepted\n`, outcome: "invalid" };

const answers: Record<CameUpDecision, Answer> = {
  counts: { status: 200, text: "noted\n", outcome: "counted" },
  repeated: { status: 200, text: "noted before\n", outcome: "repeated" },
  // The system has nothing to repeat: history has its report.
  earlier: { status: 200, text: "noted; another installation has been asked for since\n", outcome: "earlier" },
  used: { status: 409, text: "this token was used for another report\n", outcome: "used" },
  other: { status: 403, text: "this token is another machine's or generation's\n", outcome: "other" },
  early: { status: 503, text: "the installation has not ended yet: report again later\n", outcome: "early" },
};

/** Makes the handler of reports. Before a token is known nothing is read of the body, and one row is looked up. */
export function cameUpAnswer(options: {
  database: Database;
  metrics: Pick<Metrics, "cameUpReports" | "refusedCalls">;
  log: Logger;
  clock: Clock;
}): (request: IncomingMessage, response: ServerResponse) => void {
  const { metrics, log, clock } = options;
  const { perAddress, together, addresses } = cameUpLimits;
  const limit = addressLimit({ clock, perAddress, together, addresses });
  const turns = turnsAtOnce(cameUpLimits.atOnce);
  const reading = new Set<string>();
  return (request, response) => {
    const from = request.socket.remoteAddress ?? "";
    const end = ({ status, text, outcome }: Answer): void => {
      metrics.cameUpReports.inc({ outcome });
      if (outcome === unknown.outcome) {
        metrics.refusedCalls.inc({ listener: "came-up" });
      }
      // Nothing more is read: what follows of a body goes with the connection.
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
      response.end(text, () => request.socket.destroySoon());
    };
    const refused = refusal(request, limit.allow(from));
    if (refused !== undefined) {
      end(refused);
      return;
    }
    report({ ...options, turns, reading }, request, response, from).then(end, (error: unknown) => {
      if (response.destroyed || request.destroyed) {
        // It hung up, or was too slow.
        metrics.cameUpReports.inc({ outcome: "broken-off" });
        return;
      }
      const away = error instanceof DatabaseError && error.code === "unavailable";
      log[away ? "warn" : "error"]({ from, error: describeError(error) }, "a report could not be received");
      end(busy);
    });
  };
}

/** Why a call is refused by its first line and its headers alone. */
function refusal(request: IncomingMessage, allowed: boolean): Answer | undefined {
  if (!allowed) {
    return { status: 429, text: "too many calls: report again later\n", outcome: "limited" };
  }
  if (request.url !== cameUpPath) {
    return { status: 404, text: "there is nothing here\n", outcome: "invalid" };
  }
  if (request.method !== "POST") {
    return { status: 405, text: "it takes POST\n", outcome: "invalid" };
  }
  if (tokenOf(request) === undefined) {
    return unknown;
  }
  return Number(request.headers["content-length"] ?? 0) > cameUpLimits.body ? tooLarge : undefined;
}

function tokenOf(request: IncomingMessage): string | undefined {
  return tokenPattern.exec(request.headers.authorization ?? "")?.groups?.["token"];
}

/** Runs at most `most` actions at a time; undefined in place of one more. */
type Turns = <Value>(action: () => Promise<Value>) => Promise<Value> | undefined;

function turnsAtOnce(most: number): Turns {
  let running = 0;
  return (action) => {
    if (running >= most) {
      return undefined;
    }
    running += 1;
    return action().finally(() => {
      running -= 1;
    });
  };
}

async function report(
  { database, turns, reading }: { database: Database; turns: Turns; reading: Set<string> },
  request: IncomingMessage,
  response: ServerResponse,
  from: string,
): Promise<Answer> {
  const tokenDigest = createHash("sha256")
    .update(tokenOf(request) ?? "")
    .digest();
  const lookup = turns(() => cameUpFind(database, tokenDigest));
  if (lookup === undefined) {
    return busy;
  }
  const owner = await lookup;
  if (owner === undefined) {
    return unknown;
  }
  // A token's holder reports once at a time, however slowly.
  const name = tokenDigest.toString("base64");
  if (reading.has(name)) {
    return busy;
  }
  reading.add(name);
  const body = await bodyOf(request, response).finally(() => reading.delete(name));
  if (body === undefined) {
    return tooLarge;
  }
  const said = reportParse(body);
  if (said === undefined) {
    return { status: 400, text: "expected lines such as: machine UUID, generation N\n", outcome: "invalid" };
  }
  const recorded = turns(() =>
    cameUpRecord(database, {
      owner,
      named: said,
      smbiosUuid: said.smbiosUuid,
      over: "tls",
      from,
      bodyDigest: createHash("sha256").update(body).digest(),
      said,
    }),
  );
  if (recorded === undefined) {
    return busy;
  }
  const decision = await recorded;
  return decision === undefined ? unknown : answers[decision];
}

/** The body; undefined if it is too long. */
async function bodyOf(request: IncomingMessage, response: ServerResponse): Promise<Buffer | undefined> {
  if (request.headers.expect !== undefined) {
    response.writeContinue();
  }
  const parts: Buffer[] = [];
  let size = 0;
  // A body that is too long is still answered, so the request must not be destroyed here.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > cameUpLimits.body) {
      return undefined;
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
