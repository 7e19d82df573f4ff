import { useEffect } from "react";
import type { QueryKey } from "@tanstack/react-query";
import { queryClient } from "../api/query-client.ts";
import { changesSubscribe } from "./machine-store.ts";

/**
 * Reads queries again when a machine has changed, at most once in `every` milliseconds. `key` may be the beginning of
 * their keys; it must stay the same object while nothing changes.
 * @param options.machine the id of the only machine whose changes count; absent means all
 */
export function useRefreshOnChange(
  key: QueryKey,
  options: { machine?: string | undefined; every?: number } = {},
): void {
  const { machine, every = 1_000 } = options;
  useEffect(() => {
    let last = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = (): void => {
      timer = undefined;
      last = performance.now();
      void queryClient.invalidateQueries({ queryKey: key });
    };
    const unsubscribe = changesSubscribe((changes) => {
      if (machine === undefined || changes.some(({ id }) => id === machine)) {
        timer ??= setTimeout(refresh, Math.max(0, last + every - performance.now()));
      }
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [key, machine, every]);
}
