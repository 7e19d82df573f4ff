import { once } from "node:events";
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answerConsole, isConsolePath } from "./console-answer.ts";
import { ConsoleMissing, type ConsoleFiles } from "./console-files.ts";

const files: ConsoleFiles = {
  read: (path, accepted) =>
    Promise.resolve(
      path === "index.html" || path === "assets/a-12345678.js"
        ? {
            type: path === "index.html" ? "text/html" : "text/javascript",
            encoding: accepted.has("br") ? "br" : accepted.has("gzip") ? "gzip" : "identity",
            bytes: Buffer.from(path),
            etag: '"tag"',
            immutable: path.startsWith("assets/"),
          }
        : undefined,
    ),
};

let served: ConsoleFiles;
let server: Server;
beforeEach(async () => {
  served = files;
  server = createServer((asked, response) => void answerConsole(served, asked, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

async function ask(path: string, method = "GET", headers: Record<string, string> = {}): Promise<Answer> {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  // Not fetch, which changes paths and unpacks bodies.
  const sent = request({ host: "127.0.0.1", port, path, method, headers }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const body = (await response.toArray()).join("");
  return { status: response.statusCode, headers: response.headers, body };
}

test.each([
  ["/console", true],
  ["/console/", true],
  ["/console/machines/web1", true],
  ["/consoles", false],
  ["/", false],
  ["/Console/", false],
])("%s is a path of the console: %s", (path, is) => {
  expect(isConsolePath(path)).toBe(is);
});

test("every answer forbids inline scripts, other origins, frames and forms", async () => {
  for (const path of ["/console", "/console/", "/console/assets/none.js", "/console/machines"]) {
    const { headers } = await ask(path);
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
    );
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  }
});

test("a page of the console gets the one document, which is requested again each time", async () => {
  for (const path of ["/console/", "/console/machines/web1?install", "/console/%2e%2e/etc/passwd"]) {
    expect(await ask(path)).toMatchObject({
      status: 200,
      body: "index.html",
      headers: { "cache-control": "no-cache" },
    });
  }
  expect(await ask("/console")).toMatchObject({ status: 308, headers: { location: "/console/" } });
});

test("a file of this build is kept for ever; one of another build is not there", async () => {
  const file = await ask("/console/assets/a-12345678.js", "GET", { "accept-encoding": "gzip, br;q=0.9" });
  expect(file).toMatchObject({
    status: 200,
    headers: {
      "content-type": "text/javascript",
      "content-encoding": "br",
      "cache-control": "public, max-age=31536000, immutable",
      vary: "accept-encoding",
    },
  });
  const gone = await ask("/console/assets/a-87654321.js");
  expect(gone).toMatchObject({ status: 404, headers: { "cache-control": "no-store" } });
  expect(gone.body).toContain("Reload the page");
});

test.each([
  ["br;q=0, gzip", "gzip"],
  ["BR", "br"],
  ["br ; Q=0.0, gzip;q=0.000", undefined],
  ["deflate", undefined],
])("of accept-encoding %j comes %s", async (accepted, encoding) => {
  const { headers } = await ask("/console/", "GET", { "accept-encoding": accepted });
  expect(headers["content-encoding"]).toBe(encoding);
});

test("what a browser has already is not sent again; HEAD has no body; other methods are refused", async () => {
  expect(await ask("/console/", "GET", { "if-none-match": '"tag"' })).toMatchObject({ status: 304, body: "" });
  expect(await ask("/console/", "HEAD")).toMatchObject({ status: 200, body: "", headers: { "content-length": "10" } });
  expect(await ask("/console/", "POST")).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
});

test("where the console is not built, its page says the command, and is not kept", async () => {
  served = { read: () => Promise.reject(new ConsoleMissing("none")) };
  const { status, headers, body } = await ask("/console/machines");
  expect([status, headers["cache-control"]]).toEqual([503, "no-store"]);
  expect(body).toContain("<h1>The console is not built</h1>");
  expect(body).toContain("npm ci &amp;&amp; npm run console");
});
