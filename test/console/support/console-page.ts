import type { Browser, BrowserContext, BrowserContextOptions, Page, Request } from "playwright-core";
import { waitFor } from "../../support/wait.ts";
import type { ConsoleRole, ConsoleServer } from "./console-server.ts";

/** How a page is looked at. */
export interface View {
  role?: ConsoleRole;
  theme?: "light" | "dark";
  /** CSS pixels; default 1440 × 900. */
  size?: { width: number; height: number };
  /** Pixels of the screen for a CSS pixel, as by the browser's zoom; default 1. */
  factor?: number;
  /** Such as Europe/Berlin; default: this host's. */
  timeZone?: string;
}

/** A browser's window on the console, signed in. */
export interface ConsoleWindow extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in it so far: errors in the browser's console, exceptions, requests to other origins. */
  readonly wrong: readonly string[];
  /** Opens an address below /console, and waits for its heading. */
  open(path: string): Promise<void>;
  /** Waits until what the page asked for is there and drawn; the stream of changes goes on. */
  rest(): Promise<void>;
}

/** The sizes that every page is made for. */
export const sizes = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;

/** Opens a window, signed in with this role. */
export async function consoleWindow(
  browser: Browser,
  server: Pick<ConsoleServer, "url" | "token">,
  view: View = {},
): Promise<ConsoleWindow> {
  const context = await browser.newContext({
    colorScheme: view.theme ?? "light",
    viewport: view.size ?? sizes.desk,
    deviceScaleFactor: view.factor ?? 1,
    reducedMotion: "reduce",
    ...(view.timeZone === undefined ? {} : { timezoneId: view.timeZone }),
    storageState: await signedInState(server, view.role ?? "admin"),
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      wrong.push(`${message.text()} ${message.location().url}`.trim());
    }
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  const asked = new Set<Request>();
  page.on("request", (request) => {
    if (!request.url().endsWith("/MachineWatch")) {
      asked.add(request);
    }
    if (!request.url().startsWith(`${server.url}/`) && !request.url().startsWith("data:")) {
      wrong.push(`a request to another origin: ${request.url()}`);
    }
  });
  page.on("requestfinished", (request) => asked.delete(request));
  page.on("requestfailed", (request) => asked.delete(request));
  return {
    context,
    page,
    wrong,
    open: async (path) => {
      await page.goto(`${server.url}/console${path}`);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
    },
    rest: async () =>
      void (await waitFor(
        "the page at rest",
        async () => asked.size === 0 && (await page.locator("[data-loading]").count()) === 0,
      )),
    [Symbol.asyncDispose]: async () => await context.close(),
  };
}

/** What a browser keeps of a session: its cookie, and its key. */
type SignedInState = Exclude<BrowserContextOptions["storageState"], string | undefined>;

/** Signs in as a browser would, by a token of this role. */
export async function signedInState(
  server: Pick<ConsoleServer, "url" | "token">,
  role: ConsoleRole,
): Promise<SignedInState> {
  const response = await fetch(`${server.url}/farrier.operator.v1.ConsoleService/ConsoleSessionStart`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "the console's tests" },
    body: JSON.stringify({ bearerToken: await server.token(role) }),
  });
  const { key } = (await response.json()) as { key: string };
  const [name = "", value = ""] = (response.headers.get("set-cookie")?.split(";")[0] ?? "").split("=");
  const host = new URL(server.url).hostname;
  const cookie = { name, value, domain: host, path: "/", expires: -1, httpOnly: true, secure: false } as const;
  return {
    cookies: [{ ...cookie, sameSite: "Strict" }],
    origins: [{ origin: server.url, localStorage: [{ name: "farrier.key", value: key }] }],
  };
}
