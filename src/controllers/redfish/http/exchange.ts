// One request and its answer over HTTP/1.1, bounded in bytes and time.
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from "node:http";
import type { Duplex } from "node:stream";
import { gunzipSync } from "node:zlib";
import { errorCode } from "../../../lib/errors.ts";
import { systemWords } from "../../../lib/host/system-words.ts";
import { ControllerError } from "../../controller.ts";
import type { ControllerConnections } from "../../controller-connections.ts";
import { controllerConnect, type ConnectOptions, urlHost, urlPort } from "./connect.ts";
import { ReadAgent } from "./read-agent.ts";

/** Maximum length of an answer's body in bytes. The longest seen is an event log of 2 MB. */
export const answerMost = 4 << 20;

/** A request. */
export interface HttpCall {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** The path with its query, from the controller's root. */
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** The body, sent as JSON. */
  body?: unknown;
  /** Uses the connections of reads. Only for changes that may be carried out twice: of sessions. */
  kept?: boolean;
}

/** An answer. */
export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The connection failed. `sent` = the controller may have received the request and carried it out. */
export class ExchangeBroken extends ControllerError {
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause?: unknown) {
    super("unreachable", message, { cause });
    this.sent = sent;
  }
}

/** The options of {@link HttpExchange}. */
export interface ExchangeOptions extends ConnectOptions {
  /** Milliseconds for the answer to a read, and to a change: some controllers hold a change for over a minute. */
  readLimit: number;
  changeLimit: number;
  /** The places of all connections of this process. */
  places: ControllerConnections;
}

/**
 * Sends requests to one controller. Reads keep their connections for a few seconds; each change has its own connection.
 */
export class HttpExchange implements Disposable {
  readonly #options: ExchangeOptions;
  readonly #reads: Agent;
  readonly #changes: Agent;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#reads = this.#connecting(
      new ReadAgent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 2, timeout: 4000 }, options.places),
    );
    this.#changes = this.#connecting(new Agent({ keepAlive: false }));
  }

  /**
   * Sends a call and resolves to its answer.
   * @throws {ControllerError} `address_refused`, `untrusted`, `answer_invalid`; {@link ExchangeBroken}
   */
  async send(call: HttpCall, signal: AbortSignal): Promise<HttpReply> {
    try {
      return await this.#once(call, signal);
    } catch (error) {
      // The controller may have closed a kept connection. Repeating a read does no harm.
      if ((call.method === "GET" || (call.method === "DELETE" && call.kept)) && error instanceof ReusedBroken) {
        return await this.#once(call, signal);
      }
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#reads.destroy();
    this.#changes.destroy();
  }

  #connecting(agent: Agent): Agent {
    agent.createConnection = (_, callback) => {
      this.#connect().then(
        (socket) => callback?.(null, socket),
        // The type of `callback` demands a socket even on an error.
        (error: unknown) => callback?.(error as Error, undefined as unknown as Duplex),
      );
      return undefined;
    };
    return agent;
  }

  async #connect(): Promise<Duplex> {
    const { places } = this.#options;
    await places.take();
    try {
      const socket = await controllerConnect(this.#options);
      socket.once("close", () => {
        places.busy(socket);
        places.give();
      });
      return socket;
    } catch (error) {
      places.give();
      throw error;
    }
  }

  #once(call: HttpCall, signal: AbortSignal): Promise<HttpReply> {
    const { url, readLimit, changeLimit } = this.#options;
    const limit = call.method === "GET" ? readLimit : changeLimit;
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    return new Promise((resolve, reject) => {
      const sending = httpRequest({
        host: urlHost(url),
        port: urlPort(url),
        method: call.method,
        path: call.path,
        agent: call.method === "GET" || call.kept === true ? this.#reads : this.#changes,
        headers: {
          host: url.host,
          accept: "application/json",
          // Some controllers weaken the ETag of a compressed answer.
          "accept-encoding": "identity",
          "odata-version": "4.0",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          // Never chunked, because some controllers refuse that.
          ...(body === undefined && call.method === "GET" ? {} : { "content-length": String(body?.length ?? 0) }),
          ...call.headers,
        },
      });
      let connected = false;
      sending.once("socket", () => {
        connected = true;
      });
      const settle = once((action: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        action();
      });
      const fail = (error: unknown): void => {
        settle(() => {
          reject(asFailure(error, sending, { url, connected }));
          sending.destroy();
        });
      };
      const abort = (): void => fail(signal.reason);
      const timer = setTimeout(() => {
        fail(
          new ExchangeBroken(
            `${url.origin} did not answer ${call.method} ${call.path} within ${limit / 1000} s`,
            connected,
          ),
        );
      }, limit);
      signal.addEventListener("abort", abort, { once: true });
      sending.on("error", fail);
      sending.once("response", (answer) => {
        replyRead(answer, url).then((reply) => settle(() => resolve(reply)), fail);
      });
      sending.end(body);
      if (signal.aborted) {
        abort();
      }
    });
  }
}

/** A connection failed that had been used before. */
class ReusedBroken extends ExchangeBroken {}

async function replyRead(answer: IncomingMessage, url: URL): Promise<HttpReply> {
  const tooLong = new ControllerError(
    "answer_invalid",
    `an answer of ${url.origin} has more than ${answerMost >> 20} MiB, more than any controller needs`,
  );
  if (Number(answer.headers["content-length"] ?? 0) > answerMost) {
    throw tooLong;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerMost) {
      throw tooLong;
    }
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    body: answer.headers["content-encoding"] === "gzip" ? unpacked(whole, url) : whole,
  };
}

/** Decompresses the body: some controllers compress although `accept-encoding` forbids it. */
function unpacked(body: Buffer, url: URL): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: answerMost });
  } catch (error) {
    throw new ControllerError("answer_invalid", `an answer of ${url.origin} can't be unpacked`, { cause: error });
  }
}

function asFailure(error: unknown, sending: ClientRequest, at: { url: URL; connected: boolean }): unknown {
  if (error instanceof ControllerError || errorCode(error) === "ABORT_ERR") {
    return error;
  }
  if (!(error instanceof Error) || errorCode(error) === undefined) {
    return error;
  }
  const code = errorCode(error) ?? "";
  if (code.startsWith("HPE_")) {
    return new ControllerError("answer_invalid", `what answers at ${at.url.origin} speaks no HTTP (${code})`, {
      cause: error,
    });
  }
  const Broken = sending.reusedSocket ? ReusedBroken : ExchangeBroken;
  return new Broken(`the connection to ${at.url.origin} failed ${systemWords(error)}`, at.connected, error);
}

function once<Value>(action: (value: Value) => void): (value: Value) => void {
  let done = false;
  return (value) => {
    if (!done) {
      done = true;
      action(value);
    }
  };
}
