// Farrier's own Redfish service, over HTTP or HTTPS. In the lab it stands in front of virtual machines; in tests it
// imitates real controllers.
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { errorAnswer, type SimulatedAnswer } from "./answer.ts";
import { callAnswer } from "./call-answer.ts";
import type { SimulatedCall, SimulatedParts } from "./call.ts";
import { type EtagMode } from "./etag.ts";
import { type FaultEffect, faultTake, type SimulatedFault } from "./fault.ts";
import type { MachineBehind } from "./machine.ts";
import { protocolAnswer, withProtocolHeaders } from "./protocol.ts";
import { SimulatedSessions } from "./sessions.ts";
import type { MakerShape } from "./shape.ts";
import { type SimulatedState, simulatedState } from "./state.ts";
import { SimulatedTasks } from "./tasks.ts";

/** Maximum length of a request's body in bytes. */
const bodyMost = 64 << 10;
/** Maximum number of remembered calls. */
const callsMost = 1000;

/** The options of a simulated controller. */
export interface SimulatedOptions {
  shape: MakerShape;
  machine: MachineBehind;
  /** Key and certificate in PEM; absent = clear text. */
  tls?: { key: string; cert: string };
  userName?: string;
  password?: string;
  /** Called after the password was changed by a client. */
  passwordChanged?: (password: string) => Promise<void>;
  host?: string;
  /** The port to listen on; 0 = any free port. */
  port?: number;
  /** The current time in milliseconds, by which sessions expire. */
  now?: () => number;
}

/** A running simulated controller, with settings for the peculiarities of real ones. */
export class SimulatedController implements AsyncDisposable {
  readonly url: string;
  readonly state: SimulatedState;
  readonly sessions: SimulatedSessions;
  readonly tasks = new SimulatedTasks();
  /** The faults to come. Each affected call counts its fault down. */
  readonly faults: SimulatedFault[] = [];
  /** The calls so far, oldest first, such as "GET /redfish/v1/" with its status. */
  readonly calls: { method: string; path: string; status: number; headers: IncomingMessage["headers"] }[] = [];
  etags: EtagMode;
  /** Called with each call before it is answered. */
  heard: (call: SimulatedCall) => void = () => undefined;
  /** False = it has no sessions, only user name and password. */
  hasSessions = true;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, options: SimulatedOptions) {
    this.#server = server;
    const { address, port } = server.address() as AddressInfo;
    this.url = `${options.tls === undefined ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}`;
    this.state = simulatedState(options.shape, options.machine, new Date());
    this.state.userName = options.userName ?? this.state.userName;
    this.state.password = options.password ?? this.state.password;
    this.state.passwordChanged = options.passwordChanged ?? this.state.passwordChanged;
    this.sessions = new SimulatedSessions(options.now ?? Date.now);
    this.etags = options.shape.etags;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(options: SimulatedOptions): Promise<SimulatedController> {
    const server = options.tls === undefined ? createHttpServer() : createHttpsServer(options.tls);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
    await once(server, "listening");
    return new SimulatedController(server, options);
  }

  /** Closes all connections and ends all sessions, as a restart does. */
  restart(): void {
    this.sessions.endAll();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    if (this.#server.listening) {
      await once(this.#server, "close");
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await callRead(request);
    if (call === undefined) {
      send(response, errorAnswer(413, "PayloadTooLarge", "The body is too long."));
      return;
    }
    this.heard(call);
    const fault = faultTake(this.faults, call.method, call.path);
    if (fault === "cut") {
      request.socket.destroy();
      return;
    }
    const answer = typeof fault === "object" ? faultAnswer(fault) : await this.#answer(call);
    this.calls.push({ method: call.method, path: call.path, status: answer.status, headers: request.headers });
    this.calls.splice(0, Math.max(0, this.calls.length - callsMost));
    sendWith(fault, answer, request, response);
  }

  async #answer(call: SimulatedCall): Promise<SimulatedAnswer> {
    // Node sends no body with the answer to HEAD.
    const asked = call.method === "HEAD" ? { ...call, method: "GET" } : call;
    return withProtocolHeaders(asked, protocolAnswer(asked) ?? (await callAnswer(this.#parts(), asked)));
  }

  #parts(): SimulatedParts {
    const { state, sessions, tasks, etags, hasSessions } = this;
    return { state, sessions, tasks, etags, hasSessions };
  }
}

async function callRead(request: IncomingMessage): Promise<SimulatedCall | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyMost) {
      return undefined;
    }
    chunks.push(chunk);
  }
  const [path = "/"] = (request.url ?? "/").split("?");
  return {
    method: request.method ?? "GET",
    path: path.length > 1 ? path.replace(/\/$/u, "") : path,
    headers: request.headers,
    text: Buffer.concat(chunks).toString("utf8"),
  };
}

function faultAnswer(fault: Exclude<FaultEffect, string>): SimulatedAnswer {
  const { status, id, message, headers, body } = fault;
  const answer = id === undefined ? { status, body } : errorAnswer(status, id, message ?? id);
  return headers === undefined ? answer : { ...answer, headers };
}

function sendWith(
  fault: FaultEffect | undefined,
  answer: SimulatedAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  switch (fault) {
    case "hang":
      return;
    case "cut-after":
      request.socket.destroy();
      return;
    case "half":
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
      response.write('{"@odata.id":', () => request.socket.destroy());
      return;
    case "huge":
      hugeSend(response);
      return;
    case "no-json":
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>Please log in</html>");
      return;
    case "foreign-link":
      send(response, {
        ...answer,
        body: JSON.parse(JSON.stringify(answer.body ?? {}).replaceAll('"/redfish/', '"https://203.0.113.9/redfish/')),
      });
      return;
    default:
      send(response, answer);
  }
}

/** Sends 100 MB without a length, for as long as the client reads. */
function hugeSend(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" });
  const chunk = Buffer.alloc(1 << 20, 0x20);
  let left = 100;
  const more = (): void => {
    left -= 1;
    if (left < 0 || response.destroyed) {
      response.end();
    } else {
      response.write(chunk, more);
    }
  };
  more();
}

function send(response: ServerResponse, { status, headers, body }: SimulatedAnswer): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    "odata-version": "4.0",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
