import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { ConsoleMissing, type ConsoleFiles } from "./console-files.ts";

/** The console's path. */
const consolePath = "/console/";

/** On every answer below the console's path. No page of it needs more, and other pages get nothing of it. */
const headers: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/** True for a path that {@link answerConsole} answers. */
export function isConsolePath(path: string): boolean {
  return path === "/console" || path.startsWith(consolePath);
}

/**
 * Answers a request for a file of the console. It needs no credential: the files say nothing about the fleet. An unknown
 * path is a page of the console, which finds its way by itself; a file of an earlier build is not there.
 */
export async function answerConsole(
  files: ConsoleFiles,
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  // Both classes have the same methods, but different types.
  const plain = response as ServerResponse;
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const send = (status: number, more: Readonly<Record<string, string | number>>, body: string | Uint8Array): void => {
    plain.writeHead(status, { ...headers, ...more, "content-length": Buffer.byteLength(body) });
    plain.end(request.method === "HEAD" ? "" : body);
  };
  if (request.method !== "GET" && request.method !== "HEAD") {
    send(405, { ...text, allow: "GET, HEAD" }, "The console's files take GET.\n");
    return;
  }
  if (path === "/console") {
    send(308, { ...text, location: consolePath }, "");
    return;
  }
  const accepted = acceptedEncodings(request.headers["accept-encoding"]);
  const name = path.slice(consolePath.length);
  try {
    const isFile = name.startsWith("assets/");
    const file = (await files.read(name, accepted)) ?? (isFile ? undefined : await files.read("index.html", accepted));
    if (file === undefined) {
      send(404, text, "There is no such file of the console: it may be of an earlier version. Reload the page.\n");
      return;
    }
    const caching = {
      etag: file.etag,
      "cache-control": file.immutable ? "public, max-age=31536000, immutable" : "no-cache",
      vary: "accept-encoding",
    };
    if (request.headers["if-none-match"] === file.etag) {
      plain.writeHead(304, { ...headers, ...caching });
      plain.end();
      return;
    }
    const encoding = file.encoding === "identity" ? {} : { "content-encoding": file.encoding };
    send(200, { "content-type": file.type, ...caching, ...encoding }, file.bytes);
  } catch (error) {
    if (!(error instanceof ConsoleMissing)) {
      throw error;
    }
    send(503, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" }, notBuilt);
  }
}

const text = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

const notBuilt = `<!doctype html>
<html lang="en">
<title>Farrier: the console is not built</title>
<h1>The console is not built</h1>
<p>Build it in the checkout, then reload this page:</p>
<pre>npm ci &amp;&amp; npm run console</pre>
<p>The command line and the API need nothing of it.</p>
</html>
`;

/** The names in Accept-Encoding, without those that are refused by q=0. */
function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  const entries = String(header ?? "")
    .split(",")
    .map((entry) =>
      entry
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/u),
    );
  return new Set(entries.filter(([, q]) => !/^q=0(?:\.0*)?$/u.test(q ?? "")).map(([name]) => name ?? ""));
}
