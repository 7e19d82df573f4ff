import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createClient } from "@connectrpc/connect";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessService, Role } from "../../gen/farrier/operator/v1/access_pb.ts";
import { ConsoleService } from "../../gen/farrier/operator/v1/console_pb.ts";
import { MachineService } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { waitFor } from "../support/wait.ts";
import { browserMissing, browserRest, browserStart } from "./support/browser.ts";
import { consoleWindow } from "./support/console-page.ts";
import { consoleServer, type ConsoleServer } from "./support/console-server.ts";

let server: ConsoleServer;
let browser: Browser;
/** Another program's page on this host: the same host name, another port. */
let neighbour: Server;
let neighbourUrl: string;
beforeAll(async () => {
  if (browserMissing === undefined) {
    [server, browser] = await Promise.all([consoleServer(), browserStart()]);
  }
  neighbour = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>neighbour</title><p>hello</p>");
  });
  await once(neighbour.listen(0, "127.0.0.1"), "listening");
  const address = neighbour.address();
  neighbourUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  neighbour?.close();
  await browserRest(browser);
  await server?.[Symbol.asyncDispose]();
});

async function link(): Promise<string> {
  const { linkCode } = await createClient(ConsoleService, server.transport).consoleLinkCreate({
    requestId: randomUUID(),
  });
  return `${server.url}/console/#code=${linkCode}`;
}

const access = () => createClient(AccessService, server.transport);
const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name });

test("a link signs in, its code leaves the address at once, and it is good once", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const asked: string[] = [];
  const url = await link();
  const code = url.split("#code=")[1] ?? "none";
  await using first = await browser.newContext();
  const page = await first.newPage();
  page.on("request", (request) => asked.push(request.url(), JSON.stringify(request.headers())));
  await page.goto(url);
  await heading(page, "Overview").waitFor();
  expect(page.url()).toBe(`${server.url}/console/`);
  expect(await page.evaluate("history.length")).toBe(2);
  expect(asked.filter((text) => text.includes(code))).toEqual([]);

  await using second = await browser.newContext();
  const late = await second.newPage();
  await late.goto(url);
  await late.getByRole("alert").filter({ hasText: "used already" }).waitFor();
  expect(late.url()).not.toContain(code);
  expect(await late.evaluate("localStorage.length")).toBe(0);
});

test("without a session a page leads to the sign-in, and from there back to itself", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await browser.newContext();
  const page = await window.newPage();
  await page.goto(`${server.url}/console/installations?state=failed`);
  await heading(page, "Sign in to Farrier").waitFor();
  await page.getByLabel("Token").fill(`frr_${"x".repeat(43)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "this token is not valid" }).waitFor();
  const token = await server.token("viewer");
  await page.getByLabel("Token").fill(token);
  await page.getByLabel("Token").press("Enter");
  await heading(page, "Installations").waitFor();
  expect(page.url()).toBe(`${server.url}/console/installations?state=failed`);
  const kept = await page.evaluate<string>(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])",
  );
  expect(kept).not.toContain(token);
  expect(kept).not.toContain("farrier-");
});

test("an address of another site is not where the sign-in leads to", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  for (const to of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    await using window = await browser.newContext();
    const page = await window.newPage();
    await page.goto(`${server.url}/console/sign-in?to=${encodeURIComponent(to)}`);
    await page.getByLabel("Token").fill(await server.token("viewer"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await heading(page, "Overview").waitFor();
    expect(new URL(page.url()).origin).toBe(server.url);
  }
});

test("a page on another port of this host gets nothing and does nothing: by fetch, form, image, script and frame", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "admin" });
  await window.open("/");
  // The same browser, with our cookie: cookies don't know ports.
  const page = await window.context.newPage();
  await page.goto(neighbourUrl);
  const cookies = await window.context.cookies(neighbourUrl);
  expect(cookies.map(({ name }) => name.slice(0, 8))).toEqual(["farrier-"]);
  const seen: { method: string; path: string; status: number; cookie: boolean }[] = [];
  page.on("response", (response) => {
    if (response.url().startsWith(server.url)) {
      const request = response.request();
      void request.allHeaders().then((headers) =>
        seen.push({
          method: request.method(),
          path: new URL(response.url()).pathname,
          status: response.status(),
          cookie: (headers["cookie"] ?? "").includes("farrier-"),
        }),
      );
    }
  });
  const add = `${server.url}/farrier.operator.v1.MachineService/MachineAdd`;
  const body = JSON.stringify({ requestId: randomUUID(), provider: "static", providerId: "stolen" });
  const attempts = await page.evaluate(
    async ([target, text, whoAmI, frame]) => {
      const outcome = async (work: Promise<Response>): Promise<string> =>
        work.then(
          (response) => `${response.type} ${response.status}`,
          () => "refused",
        );
      const headers = { "content-type": "application/json", "farrier-console-key": "x".repeat(43) };
      const results = [
        await outcome(fetch(target, { method: "POST", credentials: "include", headers, body: text })),
        await outcome(fetch(target, { method: "POST", credentials: "include", mode: "no-cors", body: text })),
        await outcome(fetch(whoAmI, { credentials: "include", mode: "no-cors" })),
      ];
      for (const name of ["img", "script", "iframe"] as const) {
        const element = document.createElement(name);
        const done = new Promise<string>((resolve) => {
          element.addEventListener("load", () => resolve(`${name} loaded`));
          element.addEventListener("error", () => resolve(`${name} refused`));
        });
        element.src = name === "iframe" ? frame : whoAmI;
        document.body.append(element);
        results.push(await done);
      }
      const framed = document.querySelector("iframe");
      let inside = "";
      try {
        inside = framed?.contentDocument?.title ?? "";
      } catch {
        // Another origin's.
      }
      return [...results, inside];
    },
    [add, body, `${server.url}/farrier.operator.v1.AccessService/WhoAmI`, `${server.url}/console/access`] as const,
  );
  expect(attempts.slice(0, 5)).toEqual(["refused", "opaque 0", "opaque 0", "img refused", "script refused"]);
  // A browser says "loaded" of a frame that it refused to show, too; there is nothing in it.
  expect(page.frames().filter((frame) => frame.url().startsWith(server.url))).toEqual([]);
  // A form takes the whole page with it.
  await page.evaluate(
    ([target, text]) => {
      const form = document.createElement("form");
      Object.assign(form, { action: target, method: "post", enctype: "text/plain" });
      const field = document.createElement("input");
      Object.assign(field, { name: text, value: "" });
      form.append(field);
      document.body.append(form);
      form.submit();
    },
    [add, body] as const,
  );
  await page.waitForURL(add);
  expect(await page.textContent("body")).toContain("may not call this server");
  await waitFor("all answers", () => seen.filter(({ method }) => method === "POST").length >= 2);
  const calls = seen.filter(({ path }) => !path.startsWith("/console/"));
  expect(calls.map(({ status }) => status).filter((status) => status < 400)).toEqual([]);
  // The browser did send our cookie, or this test would prove nothing.
  expect(calls.some(({ cookie }) => cookie)).toBe(true);
  const { machines } = await createClient(MachineService, server.transport).machineList({});
  expect(machines).toEqual([]);
});

test("a name that was rebound to this address is refused, whatever the page asks", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const port = new URL(server.url).port;
  await using window = await browser.newContext();
  const page = await window.newPage();
  // As a rebinding name server would, within the browser.
  await page.route(`http://evil.example:${port}/**`, async (route) => {
    const url = route.request().url().replace(`evil.example:${port}`, `127.0.0.1:${port}`);
    const response = await route.fetch({
      url,
      headers: { ...route.request().headers(), host: `evil.example:${port}` },
    });
    await route.fulfill({ response });
  });
  for (const path of ["/console/", "/metrics", "/farrier.operator.v1.AccessService/WhoAmI"]) {
    const response = await page.goto(`http://evil.example:${port}${path}`);
    expect([path, response?.status()]).toEqual([path, 421]);
  }
});

test("a token that is revoked under an open page: the page stays, what was typed stays, and signing in goes on", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  const { secret } = await access().tokenCreate({ requestId: randomUUID(), name: "leaver", role: Role.VIEWER });
  await using window = await browser.newContext();
  const page = await window.newPage();
  await page.goto(`${server.url}/console/sign-in?to=%2Fapprovals`);
  await page.getByLabel("Token").fill(secret);
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "Approvals").waitFor();
  await page.evaluate(() => {
    const typed = document.createElement("input");
    typed.id = "typed";
    typed.value = "half a sentence";
    document.querySelector("main")?.append(typed);
  });
  await access().tokenRevoke({ requestId: randomUUID(), token: "leaver" });
  const dialog = page.getByRole("dialog", { name: "You are signed out" });
  // This page asks every three seconds.
  await dialog.waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await page.inputValue("#typed")).toBe("half a sentence");
  await page.getByText(/Signed out since/u).waitFor();
  await page.getByRole("button", { name: "Sign in" }).click();
  // Another tab of this browser signs in by a link: this page goes on too.
  const other = await window.newPage();
  await other.goto(await link());
  await heading(other, "Overview").waitFor();
  await dialog.waitFor({ state: "hidden" });
  await page.getByText(/Signed out since/u).waitFor({ state: "hidden" });
  expect(await page.inputValue("#typed")).toBe("half a sentence");
});

test("who types into a dialog when the session ends signs in above it, and loses nothing", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await consoleWindow(browser, server, { role: "admin" });
  const { page } = window;
  await window.open("/access?tab=tokens");
  await page.getByRole("button", { name: "Make a token…" }).click();
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("bob");
  // As if the session had ended: no server knows this key.
  await page.evaluate("localStorage.setItem('farrier.key', 'x'.repeat(43))");
  const make = page.getByRole("button", { name: "Make a token of bob, viewer" });
  await make.click();
  const signedOut = page.getByRole("dialog", { name: "You are signed out" });
  await signedOut.waitFor();
  await page.keyboard.press("Escape");
  await signedOut.waitFor({ state: "hidden" });
  expect(await name.inputValue()).toBe("bob");
  await make.click();
  // The same refusal says nothing new: the bar leads back.
  await page.getByText(/Signed out since/u).waitFor();
  await page.evaluate("localStorage.setItem('farrier.key', 'y'.repeat(43))");
  await page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'farrier.key', newValue: 'y' }))");
  // What is shown is read anew, and refused.
  await signedOut.waitFor();
  await signedOut.getByLabel("Token").fill(await server.token("admin"));
  await signedOut.getByLabel("Token").press("Enter");
  await signedOut.waitFor({ state: "hidden" });
  expect(await name.inputValue()).toBe("bob");
  await make.click();
  await page.getByText("The secret is shown this once").waitFor();
});

test("log out ends the session on the server, in all tabs", async (context) => {
  context.skip(browserMissing !== undefined, browserMissing);
  await using window = await browser.newContext();
  const page = await window.newPage();
  await page.goto(await link());
  await heading(page, "Overview").waitFor();
  const other = await window.newPage();
  await other.goto(`${server.url}/console/machines`);
  await heading(other, "Machines").waitFor();
  const key = await page.evaluate("localStorage.getItem('farrier.key')");
  await page.goto(`${server.url}/console/access`);
  await page.getByRole("button", { name: "Log out" }).click();
  await heading(page, "Sign in to Farrier").waitFor();
  await other.getByRole("dialog", { name: "You are signed out" }).waitFor();
  expect(await page.evaluate("localStorage.length")).toBe(0);
  expect((await window.cookies()).filter(({ name }) => name.startsWith("farrier-"))).toEqual([]);
  expect(key).toMatch(/^[\w-]{43}$/u);
});
