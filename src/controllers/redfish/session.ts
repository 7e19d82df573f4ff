// One login a controller: a session where it has them, kept until it is refused, else user name and password with each call.
import type { ControllerLogin } from "../controller.ts";
import { ControllerError } from "../controller.ts";
import { refusalError } from "./answer-error.ts";
import type { HttpCall, HttpReply } from "./http/exchange.ts";
import { textOf } from "./json.ts";
import { messagesOf } from "./messages.ts";
import { Places } from "./places.ts";
import { replyJson } from "./reply-json.ts";

/** What opens the next call. */
export interface Authorization {
  headers: Readonly<Record<string, string>>;
  /** A session's; a refused one may be over. */
  renewable: boolean;
}

interface OpenSession extends Authorization {
  /** Where it is ended; absent for user name and password. */
  link?: string;
}

/** What {@link RedfishSession} needs. */
export interface RedfishSessionOptions {
  origin: URL;
  login: Pick<ControllerLogin, "userName" | "password">;
  /** Sends a call as it is. */
  send: (call: HttpCall, signal: AbortSignal) => Promise<HttpReply>;
  /** Where sessions are made; undefined = it has none. Readable without login (row 29). */
  sessionsLink: (signal: AbortSignal) => Promise<string | undefined>;
  /** A link of an answer on the controller's own origin. */
  own: (link: string) => string;
}

/** Messages and codes of controllers that have no place for another session (row 28). */
const noPlace = /^(?:SessionLimitExceeded|RAC0218|MaximumSessionsExceeded|CreateLimitReachedForResource)$/u;

/** The login of one account at one controller. A refused password is not sent a second time. */
export class RedfishSession {
  readonly #options: RedfishSessionOptions;
  readonly #turn = new Places(1);
  #password: string;
  #open: OpenSession | undefined;
  #refused: ControllerError | undefined;
  #accountLink: string | undefined;

  constructor(options: RedfishSessionOptions) {
    this.#options = options;
    this.#password = options.login.password;
  }

  /** What must appear in no text. */
  get secrets(): readonly string[] {
    const basic = this.#basic().headers["authorization"]?.slice("Basic ".length) ?? "";
    return [this.#password, this.#options.login.password, basic, this.#open?.headers["x-auth-token"] ?? ""];
  }

  /** The account that has to change its password, as the controller named it at the login (row 30). */
  get accountLink(): string | undefined {
    return this.#accountLink;
  }

  /** @throws {ControllerError} `unauthorized`, and what the controller answers else */
  authorization(signal: AbortSignal): Promise<Authorization> {
    return this.#turn.within(signal, async () => {
      this.#throwRefused();
      this.#open ??= await this.#login(signal);
      return this.#open;
    });
  }

  /** Another session in place of the refused one. @throws {ControllerError} as `authorization` */
  renew(old: Authorization, signal: AbortSignal): Promise<Authorization> {
    return this.#turn.within(signal, async () => {
      this.#throwRefused();
      if (this.#open === old || this.#open === undefined) {
        await this.#end(signal);
        this.#open = await this.#login(signal);
      }
      return this.#open;
    });
  }

  /** User name and password were refused: they are not sent again. */
  refuse(error: ControllerError): void {
    this.#refused = error;
  }

  /** From now on this password. */
  async replace(password: string, signal: AbortSignal): Promise<void> {
    await this.end(signal);
    this.#password = password;
    this.#accountLink = undefined;
  }

  /** Ends the session. What goes wrong with it does not matter: it ends by its time. */
  end(signal: AbortSignal): Promise<void> {
    return this.#turn.within(signal, () => this.#end(signal));
  }

  #throwRefused(): void {
    if (this.#refused !== undefined) {
      throw this.#refused;
    }
  }

  async #end(signal: AbortSignal): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.link !== undefined) {
      await this.#options.send({ method: "DELETE", path: open.link, headers: open.headers }, signal).catch(() => {});
    }
  }

  async #login(signal: AbortSignal): Promise<OpenSession> {
    const { login, origin, own, send, sessionsLink } = this.#options;
    const path = await sessionsLink(signal);
    if (path === undefined) {
      return this.#basic();
    }
    const body = { UserName: login.userName, Password: this.#password };
    const reply = await send({ method: "POST", path, body }, signal);
    const json = replyJson(reply);
    const messages = messagesOf(json);
    const token = textOf(reply.headers["x-auth-token"]);
    const change = messages.find(({ id }) => id === "PasswordChangeRequired");
    const account = change?.args.find((argument) => argument.startsWith("/"));
    if (account !== undefined) {
      this.#accountLink = own(account);
    }
    if (reply.status >= 200 && reply.status < 300 && token !== undefined) {
      const link = textOf(reply.headers.location) ?? textOf(json["@odata.id"]);
      return {
        headers: { "x-auth-token": token },
        renewable: true,
        ...(link === undefined ? {} : { link: own(link) }),
      };
    }
    if ([404, 405, 501].includes(reply.status) || messages.some(({ id }) => noPlace.test(id))) {
      return this.#basic();
    }
    const error = refusalError(
      { call: `POST ${path}`, origin: origin.origin, status: reply.status, messages },
      () => false,
    );
    if (reply.status >= 200 && reply.status < 300) {
      throw new ControllerError("answer_invalid", `${origin.origin} made a session without a token`);
    }
    if (error.code === "password_change_required") {
      // Some give no session then, and let the password be changed by user name and password.
      return this.#basic();
    }
    if (error.code === "unauthorized" || error.code === "forbidden") {
      this.#refused = new ControllerError(
        "unauthorized",
        `${origin.origin} refused the user name and password of ${JSON.stringify(login.userName)} (${reply.status}). They were tried once, for controllers lock accounts`,
      );
      throw this.#refused;
    }
    throw error;
  }

  #basic(): OpenSession {
    const pair = Buffer.from(`${this.#options.login.userName}:${this.#password}`).toString("base64");
    return { headers: { authorization: `Basic ${pair}` }, renewable: false };
  }
}
