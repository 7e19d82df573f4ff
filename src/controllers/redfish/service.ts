// A Redfish service as the rest of the client uses it. Resources are read by their links. A change is sent once.
import type { Clock } from "../../lib/clock.ts";
import { ControllerError, type ControllerLogin } from "../controller.ts";
import { refusalError, AnswerError, type PassingRule } from "./answer-error.ts";
import { etagOf, ifMatchTries } from "./etags.ts";
import { ExchangeBroken, type HttpCall, type HttpExchange, type HttpReply } from "./http/exchange.ts";
import { ownLink, ownLinkOrNone } from "./http/own-link.ts";
import { type JsonObject, linkAt, linksAt, textOf } from "./json.ts";
import { messagesOf, type RedfishMessage } from "./messages.ts";
import { type Patience, rounds } from "./patience.ts";
import { Places } from "../../lib/places.ts";
import { replyJson } from "./reply-json.ts";
import { type Authorization, RedfishSession } from "./session.ts";
import { defined } from "../../lib/defined.ts";

/** A resource that was read. */
export interface Resource {
  /** Its path on the controller. */
  link: string;
  body: JsonObject;
  etag: string | undefined;
}

/** The successful answer to a change. */
export interface ChangeReply {
  status: number;
  /** The answer's Location header, as a path on the controller's own origin; undefined = none, or on another host. */
  location: string | undefined;
  body: JsonObject;
  messages: readonly RedfishMessage[];
  /** The time of the answer by the controller's clock; undefined = it does not say. */
  answeredAt: Date | undefined;
}

/** The options of {@link RedfishService}. */
export interface ServiceOptions {
  origin: URL;
  login: ControllerLogin;
  exchange: HttpExchange;
  clock: Clock;
  /** How long a read is repeated while the controller is busy or restarts. */
  patience: Patience;
}

const rootPath = "/redfish/v1/";
/** Maximum number of a collection's members that are read, over all pages. */
const membersMost = 1000;
const redirectsMost = 3;

export class RedfishService {
  readonly session: RedfishSession;
  /** Whether a refusal is temporary, by the maker's rules. */
  passing: PassingRule = () => false;
  readonly #options: ServiceOptions;
  readonly #reading = new Places(2);
  readonly #changing = new Places(1);
  #root: Resource | undefined;
  #plainEncoding = true;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.session = new RedfishSession({
      origin: options.origin,
      login: options.login,
      send: (call, signal) => options.exchange.send(call, signal),
      sessionsLink: async (signal) => {
        const link = linkAt((await this.root(signal)).body, "Links", "Sessions");
        return link === undefined ? undefined : this.own(link);
      },
      own: (link) => ownLinkOrNone(options.origin, link),
    });
  }

  get userName(): string {
    return this.#options.login.userName;
  }

  get origin(): string {
    return this.#options.origin.origin;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Turns a link into a path on the controller's own origin. @throws {ControllerError} `answer_invalid` */
  own(link: string): string {
    return ownLink(this.#options.origin, link);
  }

  /** The messages in an answer, without the secrets that the controller received. */
  messagesOf(body: unknown): readonly RedfishMessage[] {
    return messagesOf(body, this.session.clean);
  }

  /** Reads the service root, once and without login. @throws {ControllerError} `not_a_controller` */
  async root(signal: AbortSignal): Promise<Resource> {
    this.#root ??= await this.#rootRead(signal);
    return this.#root;
  }

  /** Reads a resource. @throws {ControllerError} */
  async get(link: string, signal: AbortSignal): Promise<Resource> {
    const reply = await this.look(link, signal);
    if (reply.status >= 200 && reply.status < 300) {
      return this.#resource(link, reply);
    }
    throw this.#error("GET", link, reply);
  }

  /** Like `get`, but undefined if the controller does not have the resource, or does not show it to this account. */
  async find(link: string | undefined, signal: AbortSignal): Promise<Resource | undefined> {
    if (link === undefined) {
      return undefined;
    }
    try {
      return await this.get(link, signal);
    } catch (error) {
      if (error instanceof AnswerError && (error.code === "unsupported" || error.code === "forbidden")) {
        return undefined;
      }
      throw error;
    }
  }

  /** The links of a collection's members over its pages, at most `most`, from at most as many pages. */
  async members(link: string, signal: AbortSignal, most = membersMost): Promise<readonly string[]> {
    const found: string[] = [];
    const seen = new Set<string>();
    const more = (page: string): boolean => !seen.has(page) && seen.size < most && found.length < most;
    for (let page: string | undefined = this.own(link); page !== undefined && more(page);) {
      seen.add(page);
      const { body }: Resource = await this.get(page, signal);
      found.push(...linksAt(body, "Members").map((member) => this.own(member)));
      const next = textOf(body["Members@odata.nextLink"]) ?? textOf(body["@odata.nextLink"]);
      page = next === undefined ? undefined : this.own(next);
    }
    return found.slice(0, most);
  }

  /** Repeats a read while the controller is busy; resolves to the answer, whatever its status. */
  async look(link: string, signal: AbortSignal): Promise<HttpReply> {
    const path = this.own(link);
    let last: unknown;
    for await (const _ of rounds(this.#options.clock, this.#options.patience, signal)) {
      try {
        const reply = await this.#reading.within(signal, () => this.#authorized({ method: "GET", path }, signal));
        const error = reply.status >= 400 ? this.#error("GET", path, reply) : undefined;
        if (error?.passing !== true || error.code !== "busy") {
          return reply;
        }
        last = error;
      } catch (error) {
        // Before the first answer, it is not known whether a controller exists there at all.
        if (!(error instanceof ExchangeBroken) || this.#root === undefined) {
          throw error;
        }
        last = error;
      }
    }
    throw last;
  }

  /**
   * Sends a change. Changes are sent one at a time. A change is sent again only if the answer says that it was not
   * carried out: the ETag did not match, or the session has expired.
   * @param call `etag`: the ETag of the changed resource; for PATCH, it is read here
   * @throws {ControllerError}
   */
  change(
    call: { method: "POST" | "PATCH" | "DELETE"; link: string; body?: unknown; etag?: string | undefined },
    signal: AbortSignal,
  ): Promise<ChangeReply> {
    return this.#changing.within(signal, async () => {
      const path = this.own(call.link);
      const etag = call.method === "PATCH" ? (await this.get(path, signal)).etag : call.etag;
      const tries = ifMatchTries(etag);
      // An action has no ETag of its own. Few controllers require the ETag of the action's resource.
      let reply: HttpReply | undefined;
      for (const match of call.method === "POST" ? new Set([undefined, ...tries]) : tries) {
        reply = await this.#authorized(
          {
            method: call.method,
            path,
            ...defined({ body: call.body }),
            ...(match === undefined ? {} : { headers: { "if-match": match } }),
          },
          signal,
        );
        if (!preconditionFailed(reply)) {
          break;
        }
      }
      if (reply === undefined || reply.status < 200 || reply.status >= 300) {
        throw this.#error(call.method, path, reply ?? { status: 0, headers: {}, body: Buffer.alloc(0) });
      }
      const body = replyJson(reply);
      return {
        status: reply.status,
        location: this.#locationOf(reply),
        body,
        messages: this.messagesOf(body),
        answeredAt: dateOf(reply),
      };
    });
  }

  async #rootRead(signal: AbortSignal): Promise<Resource> {
    const reply = await this.#options.exchange.send(this.#encoded({ method: "GET", path: rootPath }), signal);
    const moved = this.#moved(reply);
    const answer =
      moved === undefined ? reply : await this.#options.exchange.send({ method: "GET", path: moved }, signal);
    if (answer.status === 429 || answer.status >= 500) {
      throw this.#error("GET", rootPath, answer);
    }
    const body = replyJson(answer);
    if (answer.status !== 200 || (body["RedfishVersion"] === undefined && linkAt(body, "Systems") === undefined)) {
      throw new ControllerError(
        "not_a_controller",
        `${this.origin} is no Redfish service: ${rootPath} answers ${answer.status}, and no service root. Check the address, and that Redfish is switched on in the controller`,
      );
    }
    return { link: rootPath, body, etag: undefined };
  }

  /** Sends a call with the authorization of the session or the account. An expired session is renewed once. */
  async #authorized(call: HttpCall, signal: AbortSignal): Promise<HttpReply> {
    await this.root(signal);
    const first = await this.#login(() => this.session.authorization(signal), signal);
    let reply = await this.#followed(call, first.headers, signal);
    if (reply.status === 401 && first.renewable) {
      const second = await this.#login(() => this.session.renew(first, signal), signal);
      reply = await this.#followed(call, second.headers, signal);
      if (reply.status === 401 && second.renewable) {
        throw this.#error(call.method, call.path, { ...reply, status: 403 });
      }
    }
    if (reply.status === 401) {
      const error = this.#error(call.method, call.path, reply);
      this.session.refuse(error);
      throw error;
    }
    return reply;
  }

  /** Logs in, and retries while the controller is busy or restarts, because the call itself was not sent yet. */
  async #login(action: () => Promise<Authorization>, signal: AbortSignal): Promise<Authorization> {
    let last: unknown;
    for await (const _ of rounds(this.#options.clock, this.#options.patience, signal)) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof ExchangeBroken) && !(error instanceof AnswerError && error.passing)) {
          throw error;
        }
        last = error;
      }
    }
    throw last;
  }

  async #followed(call: HttpCall, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpReply> {
    const { exchange } = this.#options;
    let path = call.path;
    for (let redirects = 0; ; redirects += 1) {
      const sent = this.#encoded({ ...call, path, headers: { ...call.headers, ...headers } });
      const reply = await exchange.send(sent, signal);
      if (reply.status === 406 && this.#plainEncoding) {
        this.#plainEncoding = false;
        continue;
      }
      const moved = this.#moved(reply);
      if (moved === undefined || redirects >= redirectsMost || (call.method !== "GET" && reply.status < 307)) {
        return reply;
      }
      path = moved;
    }
  }

  #encoded(call: HttpCall): HttpCall {
    return this.#plainEncoding ? call : { ...call, headers: { ...call.headers, "accept-encoding": "gzip" } };
  }

  /**
   * The Location of a change that succeeded. One on another host counts as none: it is not followed, and the change is
   * done all the same. Controllers behind another name or address give such.
   */
  #locationOf(reply: HttpReply): string | undefined {
    return ownLinkOrNone(this.#options.origin, textOf(reply.headers.location));
  }

  #moved(reply: HttpReply): string | undefined {
    const location = textOf(reply.headers.location);
    return location !== undefined && [301, 302, 303, 307, 308].includes(reply.status) ? this.own(location) : undefined;
  }

  #resource(link: string, reply: HttpReply): Resource {
    const body = replyJson(reply);
    if (Object.keys(body).length === 0) {
      throw new ControllerError(
        "answer_invalid",
        `${this.origin} answered GET ${link} with something that is no JSON object`,
      );
    }
    return { link, body, etag: etagOf(body, reply.headers) };
  }

  #error(method: string, link: string, reply: HttpReply): AnswerError {
    const answer = {
      call: `${method} ${link}`,
      origin: this.origin,
      status: reply.status,
      messages: this.messagesOf(replyJson(reply)),
    };
    return refusalError(answer, this.passing);
  }
}

function dateOf({ headers }: HttpReply): Date | undefined {
  const at = new Date(headers.date ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Whether the ETag was refused, by 412 or 428, or by 429 from some controllers (rows 19 and 20). */
function preconditionFailed(reply: HttpReply): boolean {
  return (
    reply.status === 412 ||
    reply.status === 428 ||
    ([400, 429].includes(reply.status) &&
      messagesOf(replyJson(reply)).some(({ id }) => /^Precondition(?:HeaderMissing|Required|Failed)$/u.test(id)))
  );
}
