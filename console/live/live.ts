// The one stream of this browser, as this tab sees it: held by this tab, or heard from the tab that holds it.
import { createClient } from "@connectrpc/connect";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useEffect, useSyncExternalStore } from "react";
import { MachineService, type MachineFilter } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { queryClient } from "../api/query-client.ts";
import { sessionSubscribe } from "../api/session.ts";
import { transport } from "../api/transport.ts";
import { randomId } from "../api/random-id.ts";
import { serverTimeHeard } from "../parts/server-clock.ts";
import { interests, watchedOf } from "./interests.ts";
import { liveHear, liveSay } from "./live-channel.ts";
import type { LiveInterest, LiveMessage, LiveStatus } from "./live-message.ts";
import { changesNote } from "./machine-store.ts";
import { streamHold, type HeldStream } from "./stream.ts";
import { wakeSubscribe } from "./wake.ts";

const lockName = "farrier.live";
/** Milliseconds for which changes of the interest are collected. */
const settle = 300;
/** Milliseconds that a page waits for the stream's begin at most. */
const readyAtMost = 500;

const tab = randomId();
const all = interests();
const mine = new Map<object, LiveInterest>();
const listeners = new Set<() => void>();
const ready = Promise.withResolvers<void>();
let status: LiveStatus = { live: false, lostAt: performance.now() };
let cursor = "";
/** Set while this tab holds the stream. */
let held: HeldStream | undefined;
/** What the stream was asked for last. */
let asked: { machines: ReadonlySet<string>; filter: string } = { machines: new Set(), filter: "" };
let queued = new AbortController();
let wasLive = false;
let settling: ReturnType<typeof setTimeout> | undefined;
let renewed: string | undefined;
let started = false;

/** Begins to take part, once a tab. */
export function liveStart(): void {
  if (started) {
    return;
  }
  started = true;
  if (!isShared()) {
    void holdAlone();
    return;
  }
  liveHear(hear);
  liveSay({ kind: "hello", tab });
  globalThis.addEventListener("pagehide", () => liveSay({ kind: "goodbye", tab }));
  globalThis.addEventListener("focus", interestTell);
  // A hidden tab's timers are slow: a visible one takes its place while nothing is heard.
  wakeSubscribe((cut) => {
    if (cut) {
      held?.restart();
    }
    if (!status.live && held === undefined && !document.hidden) {
      void lead(true);
    }
  });
  void lead(false);
}

/** Resolves once the stream has begun, so that what is read from then on misses no change; or after half a second. */
export async function liveReady(): Promise<void> {
  await Promise.race([ready.promise, new Promise((resolve) => setTimeout(resolve, readyAtMost))]);
}

/** How the stream is. */
export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(statusSubscribe, () => status);
}

/** Why everything was read anew; undefined if it was not. */
export function useRenewed(): string | undefined {
  return useSyncExternalStore(statusSubscribe, () => renewed);
}

/** Hides what {@link useRenewed} says. */
export function renewedHide(): void {
  renewed = undefined;
  listeners.forEach((listener) => listener());
}

/** While a component is shown, the changes of what it shows are heard. Both must stay the same objects while nothing changes. */
export function useLiveInterest(machines: readonly string[], filter?: MachineFilter): void {
  useEffect(() => {
    const key = {};
    mine.set(key, { machines, filter });
    interestTell();
    return () => {
      mine.delete(key);
      interestTell();
    };
  }, [machines, filter]);
}

function statusSubscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Waits for the lock, holds the stream while it has it, and waits again where another tab took it. */
async function lead(steal: boolean): Promise<void> {
  queued.abort();
  const mineQueued = new AbortController();
  queued = mineQueued;
  const lost = new AbortController();
  try {
    await navigator.locks.request(lockName, steal ? { steal } : { signal: mineQueued.signal }, async () => {
      await hold(lost.signal);
    });
  } catch {
    // Another tab took the lock, or this one stopped waiting for it.
    lost.abort();
    if (queued === mineQueued) {
      held = undefined;
      void lead(false);
    }
  }
}

/** Holds the stream until the signal ends it. */
async function hold(signal: AbortSignal): Promise<void> {
  const stream = streamHold({
    client: createClient(MachineService, transport),
    cursor,
    request: () => {
      const { machines, filter } = all.all();
      asked = { machines: new Set(machines), filter: filterKey(filter) };
      return watchedOf({ machines, filter });
    },
    say: (message) => {
      say(message);
      hear(message);
    },
    signal,
    wait: wakeWait,
  });
  held = stream;
  await stream.ended;
}

/** Whether the tabs can share one stream: browsers have no locks for a page that comes by http from another name than localhost. */
function isShared(): boolean {
  return (navigator as Partial<Navigator>).locks !== undefined;
}

/** Holds a stream of this tab's own while the tab is seen: all tabs together have six connections over HTTP/1.1. */
async function holdAlone(): Promise<void> {
  for (;;) {
    const hidden = new AbortController();
    const hide = (): void => (document.hidden ? hidden.abort() : undefined);
    document.addEventListener("visibilitychange", hide);
    await hold(hidden.signal);
    document.removeEventListener("visibilitychange", hide);
    held = undefined;
    statusNote(false, undefined);
    await seen();
  }
}

/** Resolves when the tab is seen. */
async function seen(): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!document.hidden) {
        document.removeEventListener("visibilitychange", look);
        resolve();
      }
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}

/** Tells the other tabs, where they share the stream. */
function say(message: LiveMessage): void {
  if (isShared()) {
    liveSay(message);
  }
}

/** What the other tabs say, and what this one says where it holds the stream. */
function hear(message: LiveMessage): void {
  switch (message.kind) {
    case "answer":
      cursor = message.answer.cursor;
      if (message.answer.at !== undefined) {
        serverTimeHeard(timestampDate(message.answer.at));
      }
      changesNote(message.answer.changes);
      break;
    case "status":
      cursor = message.cursor;
      statusNote(message.live, message.reason);
      break;
    case "renew":
      renewed = message.why;
      void queryClient.invalidateQueries();
      listeners.forEach((listener) => listener());
      break;
    case "interest":
      all.set(message.tab, message.interest, message.focused);
      interestCheck();
      break;
    case "goodbye":
      all.remove(message.tab);
      break;
    case "hello":
      interestTell();
      if (held !== undefined) {
        liveSay({ kind: "status", live: status.live, cursor, reason: status.reason });
      }
      break;
  }
}

function statusNote(live: boolean, reason: string | undefined): void {
  if (live && !status.live) {
    // What was read before the stream began may have changed since, unnoticed. A stream that is back goes on where it ended,
    // and lists of machines stay in their order; but it tells of machines alone.
    const first = !wasLive;
    wasLive = true;
    void queryClient.invalidateQueries({ predicate: ({ queryKey }) => first || queryKey[0] !== "machines" });
    ready.resolve();
  }
  if (live === status.live && reason === status.reason) {
    return;
  }
  const lostAt = live ? undefined : (status.lostAt ?? performance.now());
  status = { live, lostAt, reason };
  listeners.forEach((listener) => listener());
}

function interestTell(): void {
  const machines = [...new Set([...mine.values()].flatMap((one) => one.machines))];
  const filter = [...mine.values()].find((one) => one.filter !== undefined)?.filter;
  const interest = { machines, filter };
  const focused = document.hasFocus();
  all.set(tab, interest, focused);
  say({ kind: "interest", tab, interest, focused });
  interestCheck();
}

/** Asks the stream anew where it misses something that is shown now. */
function interestCheck(): void {
  settling ??= setTimeout(() => {
    settling = undefined;
    const { machines, filter } = all.all();
    if (machines.some((id) => !asked.machines.has(id)) || filterKey(filter) !== asked.filter) {
      held?.restart();
    }
  }, settle);
}

function filterKey(filter: MachineFilter | undefined): string {
  return filter === undefined ? "" : JSON.stringify(filter);
}

/** Waits, or until a new try is worthwhile. */
async function wakeWait(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      wakeUnsubscribe();
      sessionUnsubscribe();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    const wakeUnsubscribe = wakeSubscribe(done);
    const sessionUnsubscribe = sessionSubscribe(done);
    signal.addEventListener("abort", done);
  });
}
