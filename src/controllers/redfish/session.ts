// The login at one controller: a session if the controller has them, otherwise user name and password with each call. A
// session is kept until the controller refuses it.
import type { ControllerLogin } from "../controller.ts";
import { ControllerError } from "../controller.ts";
import { withoutSecretForms } from "../../lib/secret-forms.ts";
import { refusalError } from "./answer-error.ts";
import type { HttpCall, HttpReply } from "./http/exchange.ts";
import { textOf } from "./json.ts";
import { messagesOf } from "./messages.ts";
import { Places } from "../../lib/places.ts";
import { replyJson } from "./reply-json.ts";
import { UsedPasswords } from "../used-passwords.ts";

/** The headers that authorize the next call. */
export interface Authorization {
  headers: Readonly<Record<string, string>>;
  /** True for a session: if the controller refuses it, the session may have expired, and a new one may help. */
  renewable: boolean;
}

interface OpenSession extends Authorization {
  /** The link that ends the session; absent for user name and password. */
  link?: string;
}

/** The options of {@link RedfishSession}. */
export interface RedfishSessionOptions {
  origin: URL;
  login: Pick<ControllerLogin, "userName" | "password" | "used">;
  /** Sends a call unchanged. */
  send: (call: HttpCall, signal: AbortSignal) => Promise<HttpReply>;
  /**
   * The link at which sessions are made; undefined = the controller has no sessions. Readable without login (row 29).
   */
  sessionsLink: (signal: AbortSignal) => Promise<string | undefined>;
  /** Resolves a link in an answer to a path on the controller's own origin; undefined = it is on another host. */
  own: (link: string | undefined) => string | undefined;
}

/** Message ids of controllers that allow no further session (row 28). */
const noPlace = /^(?:SessionLimitExceeded|RAC0218|MaximumSessionsExceeded|CreateLimitReachedForResource)$/u;

/** The login of one account at one controller. A refused password is not sent again. */
export class RedfishSession {
  readonly #options: RedfishSessionOptions;
  readonly #turn = new Places(1);
  readonly #used: UsedPasswords;
  #password: string;
  #open: OpenSession | undefined;
  #refused: ControllerError | undefined;
  #accountLink: string | undefined;
  /** Secrets that a change sends, such as the address of a medium. */
  #announced: readonly string[] = [];

  constructor(options: RedfishSessionOptions) {
    this.#options = options;
    this.#password = options.login.password;
    this.#used = options.login.used ?? new UsedPasswords();
    this.#used.add(this.#password);
  }

  /** The secrets that must not appear in any message. */
  get secrets(): readonly string[] {
    const passwords = [...new Set([this.#password, ...this.#used.all])].filter((one) => one !== "");
    const pairs = passwords.map((one) => basicPair(this.#options.login.userName, one));
    return [...passwords, ...pairs, ...this.#announced, this.#open?.headers["x-auth-token"] ?? ""];
  }

  /** Removes the secrets from what the controller says. */
  readonly clean = (text: string): string => withoutSecretForms(text, this.secrets);

  /** The account that must change its password, as the controller named it at login (row 30). */
  get accountLink(): string | undefined {
    return this.#accountLink;
  }

  /** Remembers the account that must change its password, as the controller named it in an answer. */
  passwordChange(accountLink: string): void {
    this.#accountLink = accountLink;
  }

  /**
   * The authorization for the next call; logs in first if necessary.
   * @throws {ControllerError} `unauthorized`, or the error that the controller answers with
   */
  authorization(signal: AbortSignal): Promise<Authorization> {
    return this.#turn.within(signal, async () => {
      this.#throwRefused();
      this.#open ??= await this.#login(signal);
      return this.#open;
    });
  }

  /** Makes a new session in place of the refused one. @throws {ControllerError} as `authorization` */
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

  /** Records that the controller refused the user name and password, so that they are not sent again. */
  refuse(error: ControllerError): void {
    this.#refused = error;
  }

  /** Keeps secrets that a change sends out of all messages. Changes are sent one at a time. */
  announce(secrets: readonly string[]): void {
    this.#announced = secrets;
  }

  /** Keeps a password that a change sends out of all messages, from now on. */
  announcePassword(password: string): void {
    this.#used.add(password);
  }

  /** Uses this password from now on, and resolves to the password before. */
  replace(password: string, signal: AbortSignal): Promise<string> {
    return this.#turn.within(signal, async () => {
      await this.#end(signal);
      const before = this.#password;
      this.#password = password;
      this.#accountLink = undefined;
      this.#refused = undefined;
      return before;
    });
  }

  /** Ends the session. A failure is ignored, because the session expires by itself. */
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
      await this.#options
        .send({ method: "DELETE", path: open.link, headers: open.headers, kept: true }, signal)
        .catch(() => {});
    }
  }

  async #login(signal: AbortSignal): Promise<OpenSession> {
    const { login, origin, own, send, sessionsLink } = this.#options;
    const path = await sessionsLink(signal);
    if (path === undefined) {
      return this.#basic();
    }
    const body = { UserName: login.userName, Password: this.#password };
    const reply = await send({ method: "POST", path, body, kept: true }, signal);
    const json = replyJson(reply);
    const messages = messagesOf(json, this.clean);
    const token = textOf(reply.headers["x-auth-token"]);
    const change = messages.find(({ id }) => id === "PasswordChangeRequired");
    const account = change?.args.find((argument) => argument.startsWith("/"));
    this.#accountLink = own(account) ?? this.#accountLink;
    if (reply.status >= 200 && reply.status < 300 && token !== undefined) {
      // Without a link, the session expires by itself.
      const link = own(textOf(reply.headers.location)) ?? own(textOf(json["@odata.id"]));
      return { headers: { "x-auth-token": token }, renewable: true, ...(link === undefined ? {} : { link }) };
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
      // Some controllers make no session then, but accept user name and password for changing the password.
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
    const pair = basicPair(this.#options.login.userName, this.#password);
    return { headers: { authorization: `Basic ${pair}` }, renewable: false };
  }
}

/** User name and password as HTTP's basic authentication sends them. */
function basicPair(userName: string, password: string): string {
  return Buffer.from(`${userName}:${password}`).toString("base64");
}
