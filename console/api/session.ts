// Whether this browser is signed in: its cookie, which no script sees, and its key, which is kept for all tabs.
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ConsoleService } from "../../gen/farrier/operator/v1/console_pb.ts";
import { randomId } from "./random-id.ts";

const storageKey = "farrier.key";
const keyHeader = "farrier-console-key";
/** In place of a key where the browser's client certificate signs it in. */
const certificateKey = "certificate";

const listeners = new Set<() => void>();
/** When the server refused the session; undefined while it is not known to be over. */
let endedAt: Date | undefined;

// Another tab has signed in or logged out.
globalThis.addEventListener("storage", ({ key, newValue }) => {
  if (key === storageKey || key === null) {
    endedAt = newValue === null ? (endedAt ?? new Date()) : undefined;
    tell();
  }
});

/** Whether this browser has a key; the server may have ended its session all the same. */
export function hasSession(): boolean {
  return localStorage.getItem(storageKey) !== null;
}

/** When this page learned that its session is over; undefined while it is signed in. By the browser's clock. */
export function signedOutAt(): Date | undefined {
  return endedAt;
}

/** Calls `listener` when {@link signedOutAt} or {@link hasSession} may have changed; returns what ends it. */
export function sessionSubscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Signs in, in all tabs. @throws {ConnectError} `unauthenticated`, `resource_exhausted` or `unavailable` */
export async function sessionBegin(by: { linkCode: string } | { bearerToken: string }): Promise<void> {
  const { key } = await createClient(ConsoleService, plainTransport()).consoleSessionStart(by);
  keySet(key);
}

/** Signs in by the browser's client certificate, if the server takes it; says whether it did. */
export async function sessionByCertificate(): Promise<boolean> {
  if (globalThis.location.protocol !== "https:") {
    return false;
  }
  try {
    await createClient(ConsoleService, plainTransport(certificateKey)).consoleSessionList({ pageSize: 1 });
  } catch {
    return false;
  }
  keySet(certificateKey);
  return true;
}

/** Logs out, in all tabs. The server's session ends even if this call's answer is lost: it is asked first. */
export async function sessionEnd(): Promise<void> {
  const key = localStorage.getItem(storageKey);
  try {
    if (key !== null && key !== certificateKey) {
      const transport = plainTransport(key);
      await createClient(ConsoleService, transport).consoleSessionEnd({ requestId: randomId() });
    }
  } catch (error) {
    // A session that is over already is what was asked for.
    if (ConnectError.from(error).code !== Code.Unauthenticated) {
      throw error;
    }
  }
  localStorage.removeItem(storageKey);
}

/** Sends the session's key with each call, and notices when the server refuses it. */
export const sessionInterceptor: Interceptor = (next) => async (request) => {
  const key = localStorage.getItem(storageKey);
  if (key !== null) {
    request.header.set(keyHeader, key);
  }
  try {
    const response = await next(request);
    return response.stream ? { ...response, message: watched(response.message, key) } : response;
  } catch (error) {
    refusalNote(error, key);
    throw error;
  }
};

/** A stream's refusal comes while it is read. */
async function* watched<Message>(messages: AsyncIterable<Message>, key: string | null): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    refusalNote(error, key);
    throw error;
  }
}

function refusalNote(error: unknown, key: string | null): void {
  // An answer to an earlier key says nothing about the present one.
  if (ConnectError.from(error).code === Code.Unauthenticated && key === localStorage.getItem(storageKey)) {
    endedAt ??= new Date();
    tell();
  }
}

function keySet(key: string): void {
  localStorage.setItem(storageKey, key);
  endedAt = undefined;
  tell();
}

function tell(): void {
  listeners.forEach((listener) => listener());
}

/** For the calls that begin and end a session: a refusal of theirs ends nothing. */
function plainTransport(key?: string) {
  return createConnectTransport({
    baseUrl: globalThis.location.origin,
    useBinaryFormat: true,
    interceptors: [
      (next) => (request) => {
        if (key !== undefined) {
          request.header.set(keyHeader, key);
        }
        return next(request);
      },
    ],
  });
}
