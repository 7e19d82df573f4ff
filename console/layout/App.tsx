import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { RouterProvider } from "react-router";
import { queryClient } from "../api/query-client.ts";
import { transport } from "../api/transport.ts";
import { consoleRouter } from "../routes.tsx";

/** The console: what every page has around it. */
export function App(): ReactNode {
  const [router] = useState(consoleRouter);
  return (
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </TransportProvider>
  );
}
