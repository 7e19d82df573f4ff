import type { ComponentType } from "react";
import type { LoaderFunction, RouteObject } from "react-router";
import { defined } from "../../src/lib/defined.ts";
import { ColdStart } from "./ColdStart.tsx";

/** What a page's module exports. */
interface PageModule {
  default: ComponentType;
  /** Awaits the queries that the page then reads. */
  loader?: LoaderFunction;
  /** In place of the page where its loader or the page itself failed. */
  ErrorBoundary?: ComponentType;
}

/** A route whose module is loaded when it is opened. */
export function pageRoute(path: string, load: () => Promise<PageModule>): RouteObject {
  return {
    path,
    HydrateFallback: ColdStart,
    lazy: async () => {
      const { default: Component, loader, ErrorBoundary } = await load();
      return { Component, ...defined({ loader, ErrorBoundary }) };
    },
  };
}
