// Connections to controllers. An address that the credential may not be sent to is refused before connecting. The
// certificate is checked before the caller gets the socket, so nothing is written to an untrusted peer.
import { lookup } from "node:dns";
import { connect as tcpConnect, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as tlsConnect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { systemWords } from "../../../lib/host/system-words.ts";
import { ControllerError, type ControllerTrust } from "../../controller.ts";
import { certificateDistrust } from "./distrust.ts";

/** The options of a connection. */
export interface ConnectOptions {
  url: URL;
  trust: ControllerTrust;
  /** See `ControllerLogin`. */
  mayReach: (address: { host: string; ip: string }) => boolean;
  /** Milliseconds for the connection and its TLS handshake. */
  limit: number;
}

/** The host of a URL, without the brackets around IPv6. Pure. */
export function urlHost(url: URL): string {
  return url.hostname.replaceAll(/^\[|\]$/gu, "");
}

/** The port of a URL, by default its scheme's. Pure. */
export function urlPort(url: URL): number {
  const standard = url.protocol === "https:" ? 443 : 80;
  return url.port === "" ? standard : Number(url.port);
}

/**
 * Opens a connection over which the credential may be sent.
 * @throws {ControllerError} `address_refused`, `untrusted`, `unreachable`
 */
export async function controllerConnect(options: ConnectOptions, signal?: AbortSignal): Promise<Socket> {
  const { url, trust } = options;
  if ((url.protocol === "http:") !== (trust.by === "clear-text")) {
    throw new ControllerError(
      "untrusted",
      url.protocol === "http:"
        ? `${url.origin} is clear text, which nobody chose for it: give an https:// address, or choose clear text`
        : `clear text was chosen for ${url.origin}, which has TLS: say how its certificate is trusted`,
    );
  }
  const socket = await controllerSocket(options, signal);
  const refused = peerRefusal(socket, options);
  if (refused !== undefined) {
    socket.destroy();
    throw refused;
  }
  return socket;
}

/**
 * Opens a TLS connection without verifying its certificate.
 * @throws {ControllerError} `address_refused`, `unreachable`
 */
export async function controllerSocket(options: ConnectOptions, signal?: AbortSignal): Promise<Socket> {
  const { url, trust } = options;
  const host = urlHost(url);
  if (isIP(host) !== 0 && !options.mayReach({ host, ip: host })) {
    throw addressRefused(host, [host]);
  }
  signal?.throwIfAborted();
  const address = { host, port: urlPort(url), lookup: allowedLookup(options) };
  const socket =
    url.protocol === "http:"
      ? tcpConnect(address)
      : tlsConnect({
          ...address,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          // `peerRefusal` checks it, with error messages for operators.
          rejectUnauthorized: false,
          ...(trust.by === "ca" ? { ca: trust.pem } : {}),
          ...(trust.by === "fingerprint" ? { secureContext: pinnedContext() } : {}),
        });
  await opened(socket, options, signal);
  socket.setNoDelay(true);
  return socket;
}

let pinned: SecureContext | undefined;

/**
 * For pinned certificates, which may have weak keys: many controllers use RSA with 1024 bits. It is made once, because
 * making it takes as long as a handshake, and holds no secret and no certificate.
 */
function pinnedContext(): SecureContext {
  pinned ??= createSecureContext({ ciphers: "DEFAULT:@SECLEVEL=1" });
  return pinned;
}

/** Resolves when the connection, with its TLS handshake if there is one, is made. */
function opened(socket: Socket, { url, limit }: ConnectOptions, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      socket.off("error", failed).off("close", closed).off(ready, end);
      if (error === undefined) {
        resolve();
      } else {
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      }
    };
    const ready = url.protocol === "http:" ? "connect" : "secureConnect";
    const failed = (error: unknown): void => end(connectFailure(url, error));
    const closed = (): void => end(unreachable(url, "the connection was closed in the handshake"));
    const abort = (): void => end(signal?.reason ?? unreachable(url, "it was given up"));
    const timer = setTimeout(() => end(unreachable(url, `nobody answered within ${limit / 1000} s`)), limit);
    socket
      .once("error", failed)
      .once("close", closed)
      .once(ready, () => end());
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Why nothing may be sent over this connection; undefined if it may. */
function peerRefusal(socket: Socket, { url, trust, mayReach }: ConnectOptions): ControllerError | undefined {
  const ip = socket.remoteAddress ?? "";
  // The lookup checked the resolved address; this checks the address that was connected to.
  if (!mayReach({ host: urlHost(url), ip: ip.replace(/^::ffff:(?=\d+\.)/u, "") })) {
    return addressRefused(urlHost(url), [ip]);
  }
  return trust.by === "clear-text" ? undefined : certificateDistrust(socket as TLSSocket, trust, url);
}

/** Resolves names, to allowed addresses only. */
function allowedLookup({ mayReach }: ConnectOptions): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter(({ address }) => mayReach({ host, ip: address }));
      const [first] = allowed;
      if (first === undefined) {
        callback(
          addressRefused(
            host,
            addresses.map(({ address }) => address),
          ),
          [],
        );
      } else if (options.all === true) {
        callback(null, allowed);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function addressRefused(host: string, ips: readonly string[]): ControllerError {
  const named = ips.length === 1 && ips[0] === host ? host : `${host} (${ips.join(", ")})`;
  return new ControllerError(
    "address_refused",
    `the credential may not be sent to ${named}: check the address, or allow it with the credential's --for`,
  );
}

function unreachable(url: URL, why: string, cause?: unknown): ControllerError {
  return new ControllerError("unreachable", `${url.origin} can't be reached: ${why}`, { cause });
}

function connectFailure(url: URL, error: unknown): ControllerError {
  if (error instanceof ControllerError) {
    return error;
  }
  // If several addresses were tried, the first one's error is reported.
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const code = one instanceof Error && "code" in one ? String(one.code) : "";
  return code.startsWith("ERR_SSL") || code === "EPROTO"
    ? unreachable(url, `no TLS could be agreed on (${code}): check that the port is the controller's HTTPS port`, error)
    : unreachable(url, systemWords(one), error);
}
