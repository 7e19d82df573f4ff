import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";

const storageKey = "farrier.token";
const listeners = new Set<() => void>();
let out = false;

/** Whether this browser has something to identify itself with. */
export function hasSession(): boolean {
  return sessionStorage.getItem(storageKey) !== null;
}

/** True once the server has refused the session, until there is a new one. */
export function isSignedOut(): boolean {
  return out;
}

/** Calls `listener` when {@link isSignedOut} or {@link hasSession} may have changed; returns what ends it. */
export function sessionSubscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begins a session by a token. */
export function sessionBegin(token: string): void {
  sessionStorage.setItem(storageKey, token);
  signedOutSet(false);
}

/** Sends the session's credential with each call, and notices when the server refuses it. */
export const sessionInterceptor: Interceptor = (next) => async (request) => {
  const token = sessionStorage.getItem(storageKey);
  if (token !== null) {
    request.header.set("authorization", `Bearer ${token}`);
  }
  try {
    return await next(request);
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unauthenticated) {
      signedOutSet(true);
    }
    throw error;
  }
};

function signedOutSet(value: boolean): void {
  out = value;
  listeners.forEach((listener) => listener());
}
