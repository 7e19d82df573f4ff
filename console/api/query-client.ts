import { QueryClient } from "@tanstack/react-query";
import { isWorthRetrying } from "./failure.ts";

/** What the pages have read. The live stream keeps it current, so nothing is read again only because time has passed. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && isWorthRetrying(error),
      retryDelay: (count) => 500 * 2 ** count,
    },
    mutations: { retry: false },
  },
});
