import { createBrowserRouter, type RouteObject } from "react-router";
import { Layout } from "./layout/Layout.tsx";
import { ColdStart } from "./layout/ColdStart.tsx";
import { PageError } from "./layout/PageError.tsx";
import { route } from "./layout/route.ts";
import { NotThere } from "./pages/not-there/NotThere.tsx";

/** The map of the console: every page, loaded when it is opened. */
const pages: RouteObject[] = [
  route("/", () => import("./pages/overview/Page.tsx")),
  route("machines", () => import("./pages/machines/Page.tsx")),
  route("machines/:machine/:tab?", () => import("./pages/machine/Page.tsx")),
  route("installations", () => import("./pages/installations/Page.tsx")),
  route("approvals", () => import("./pages/approvals/Page.tsx")),
  route("providers", () => import("./pages/providers/Page.tsx")),
  route("work", () => import("./pages/work/Page.tsx")),
  route("access", () => import("./pages/access/Page.tsx")),
  route("metrics", () => import("./pages/metrics/Page.tsx")),
  { path: "*", element: <NotThere /> },
];

/** The router; all addresses are below /console. */
export const router = createBrowserRouter(
  [
    route("sign-in", () => import("./pages/sign-in/Page.tsx")),
    {
      element: <Layout />,
      hydrateFallbackElement: <ColdStart />,
      errorElement: <PageError />,
      children: [{ errorElement: <PageError />, children: pages }],
    },
  ],
  { basename: "/console" },
);
