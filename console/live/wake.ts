/** Milliseconds between two looks at the clock; a longer pause means that the computer slept. */
const look = 5_000;

/**
 * Calls `listener` when a new try is worthwhile at once: the network or the tab is back, or the computer woke up.
 * `cut` is true where connections that were open before may be dead without a sign of it.
 */
export function wakeSubscribe(listener: (cut: boolean) => void): () => void {
  const back = (): void => listener(true);
  const seen = (): void => {
    if (!document.hidden) {
      listener(false);
    }
  };
  let last = Date.now();
  const timer = setInterval(() => {
    const passed = Date.now() - last;
    last += passed;
    if (passed > 4 * look) {
      listener(true);
    }
  }, look);
  globalThis.addEventListener("online", back);
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearInterval(timer);
    globalThis.removeEventListener("online", back);
    document.removeEventListener("visibilitychange", seen);
  };
}
