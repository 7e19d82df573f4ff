import { createBrowserRouter, type RouteObject } from "react-router";
import { Layout } from "./layout/Layout.tsx";
import { ColdStart } from "./layout/ColdStart.tsx";
import { PageError } from "./layout/PageError.tsx";
import { pageRoute } from "./layout/page-route.ts";
import { consoleBase } from "./paths.ts";
import { NotThere } from "./pages/not-there/NotThere.tsx";

/** The map of the console: every page, loaded when it is opened. */
const pages: RouteObject[] = [
  pageRoute("/", () => import("./pages/overview/Page.tsx")),
  pageRoute("machines", () => import("./pages/machines/Page.tsx")),
  pageRoute("machines/:machine/:tab?", () => import("./pages/machine/Page.tsx")),
  pageRoute("installations", () => import("./pages/installations/Page.tsx")),
  pageRoute("images", () => import("./pages/images/Page.tsx")),
  pageRoute("images/:image", () => import("./pages/image/Page.tsx")),
  pageRoute("profiles", () => import("./pages/profiles/Page.tsx")),
  pageRoute("profiles/:profile", () => import("./pages/profile/Page.tsx")),
  pageRoute("rollouts", () => import("./pages/rollouts/Page.tsx")),
  pageRoute("rollouts/:rollout", () => import("./pages/rollout/Page.tsx")),
  pageRoute("approvals", () => import("./pages/approvals/Page.tsx")),
  pageRoute("providers", () => import("./pages/providers/Page.tsx")),
  pageRoute("work", () => import("./pages/work/Page.tsx")),
  pageRoute("access", () => import("./pages/access/Page.tsx")),
  pageRoute("metrics", () => import("./pages/metrics/Page.tsx")),
  { path: "*", element: <NotThere /> },
];

/** Makes the router, which reads the address at once. */
export function consoleRouter(): ReturnType<typeof createBrowserRouter> {
  return createBrowserRouter(
    [
      pageRoute("sign-in", () => import("./pages/sign-in/Page.tsx")),
      {
        element: <Layout />,
        hydrateFallbackElement: <ColdStart />,
        errorElement: <PageError />,
        children: [{ errorElement: <PageError />, children: pages }],
      },
    ],
    { basename: consoleBase },
  );
}
