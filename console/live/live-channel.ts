import type { LiveMessage } from "./live-message.ts";

const channel = new BroadcastChannel("farrier.live");

/** Says something to the other tabs, not to this one. */
export function liveSay(message: LiveMessage): void {
  channel.postMessage(message);
}

/** Hears what other tabs say. */
export function liveHear(listener: (message: LiveMessage) => void): void {
  channel.addEventListener("message", ({ data }: MessageEvent<LiveMessage>) => listener(data));
}
