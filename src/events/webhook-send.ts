import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { rootCertificates } from "node:tls";
import { addressGuard, guardedLookup, guardedUrl, portOfUrl, type AddressGuard } from "../lib/net/address-guard.ts";
import { cloudEventType } from "../contract/events/cloud-event.ts";
import { webhookHeaders } from "../contract/events/webhook-signature.ts";
import { describeError } from "../lib/errors.ts";
import { printable } from "../lib/format/printable.ts";
import { withoutUrlSecrets } from "../lib/net/shown-url.ts";
import type { WebhookTarget } from "../secrets/webhook-target.ts";
import { webhookUrlShown, withoutWebhookPath } from "./webhook-shown.ts";

/** What this host's own addresses are: which of them webhooks may not call. */
export interface OwnHost {
  /** The control plane itself listens on a loopback address. */
  loopbackAllowed: boolean;
  /** The ports on which the control plane listens. */
  ownPorts: () => Promise<number[]>;
}

/** How a try ended. */
export type WebhookOutcome =
  | { kind: "delivered"; status: number }
  /** The receiver answered with another status. */
  | { kind: "refused"; reason: string }
  /** It was not reached, or did not answer in time. */
  | { kind: "unreachable"; reason: string };

/** A receiver, with its connections. */
export interface WebhookReceiver extends Disposable {
  /** Sends one event; `signal` ends the try. It never throws. */
  send(message: { id: string; timestamp: number; body: string }, signal: AbortSignal): Promise<WebhookOutcome>;
}

/** Bytes of an answer that are read at most. */
const answerMost = 4_096;
/** Milliseconds of a try, from the name's resolution to the answer's head. */
const patience = 15_000;
/** Connections to one receiver. */
const connectionsMost = 16;

/** Opens a receiver. Nothing is called yet. */
export function webhookReceiver(
  target: WebhookTarget & { privateAllowed: boolean },
  host: OwnHost,
  milliseconds: number = patience,
): WebhookReceiver {
  const url = new URL(target.url);
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connectionsMost,
    maxFreeSockets: 4,
    ...(target.certificates === undefined ? {} : { ca: [...rootCertificates, target.certificates] }),
  });
  const guard = async (): Promise<AddressGuard> =>
    addressGuard({
      privateAllowed: target.privateAllowed,
      loopbackAllowed: host.loopbackAllowed,
      ownPorts: await host.ownPorts(),
    });
  return {
    send: async (message, signal) => {
      const rules = await guard();
      const refused = guardedUrl(rules, url);
      if (refused !== undefined) {
        return { kind: "unreachable", reason: forbidden(refused) };
      }
      const end = new AbortController();
      const stop = (): void => end.abort(new Error("the server is stopping"));
      const late = setTimeout(() => end.abort(new Error(`no answer within ${milliseconds / 1_000} s`)), milliseconds);
      signal.addEventListener("abort", stop, { once: true });
      try {
        if (signal.aborted) {
          stop();
        }
        end.signal.throwIfAborted();
        return await exchange(url, message, target.secret, { agent, guard: rules, signal: end.signal });
      } catch (error) {
        const reason = end.signal.aborted ? describeError(end.signal.reason) : describeError(error);
        return { kind: "unreachable", reason: withoutUrlSecrets(printable(reason)).slice(0, 500) };
      } finally {
        clearTimeout(late);
        signal.removeEventListener("abort", stop);
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

const forbidden = (reason: string): string => `it may not be called: ${reason}`;

async function exchange(
  url: URL,
  message: { id: string; timestamp: number; body: string },
  secret: string,
  { agent, guard, signal }: { agent: Agent; guard: AddressGuard; signal: AbortSignal },
): Promise<WebhookOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const body = Buffer.from(message.body);
  const sent = httpsRequest(url, {
    method: "POST",
    agent,
    signal,
    maxHeaderSize: 16_384,
    lookup: guardedLookup(guard, portOfUrl(url), (reason) => new Error(forbidden(reason))),
    headers: {
      "content-type": cloudEventType,
      "content-length": body.length,
      "user-agent": "farrier",
      ...webhookHeaders(secret, message),
    },
  });
  sent.on("error", reject);
  sent.once("response", resolve);
  sent.end(body);
  const response = await promise;
  const { statusCode: status = 0, headers } = response;
  const begun = await beginning(response);
  if (status >= 200 && status < 300) {
    return { kind: "delivered", status };
  }
  const location =
    headers.location === undefined ? "" : `, to ${locationShown(headers.location, url)}: redirects are not followed`;
  const words = begun === "" ? "" : `: ${withoutWebhookPath(begun, url)}`;
  return { kind: "refused", reason: printable(`it answered ${status}${location}${words}`).slice(0, 500) };
}

/** Where an answer redirects to, without what may be a secret. */
function locationShown(location: string, url: URL): string {
  return URL.canParse(location, url) ? webhookUrlShown(new URL(location, url)) : "elsewhere";
}

/** The first line of an answer. At most {@link answerMost} bytes are read; a longer answer ends its connection. */
async function beginning(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece.subarray(0, answerMost - bytes));
      bytes += piece.length;
      if (bytes >= answerMost) {
        // Leaving the loop destroys the connection.
        break;
      }
    }
  } catch {
    // The status has come: a broken body changes nothing.
  }
  const [line = ""] = Buffer.concat(pieces).toString("utf8").trim().split("\n", 1);
  return line.slice(0, 200);
}
