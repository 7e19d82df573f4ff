import { execFile } from "node:child_process";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressGuard } from "../../lib/net/address-guard.ts";
import { authorityIssue, keyMake, keyPem, serverIssue } from "../../lib/tls/issue.ts";
import { parseServerName } from "../../lib/tls/names.ts";
import { providerConformance } from "../../shepherd/testing/provider-conformance.ts";
import { fileSource } from "./file-source.ts";
import { inventoryList, inventoryProvider } from "./provider.ts";
import { urlSource } from "./url-source.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "farrier-inventory-"));
});
afterEach(() => rm(folder, { recursive: true }));

const rules = { privateAllowed: true, loopbackAllowed: true, ownPorts: [] };
const guard = () => Promise.resolve(addressGuard(rules));
const live = new AbortController().signal;
const reading = { format: "csv", columns: {}, controllers: {} } as const;
const text = "id,name,macs\nS1,web1,52:54:00:00:00:01\nS2,web2,\n";

/** An https server for one test, with a CA of its own. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const authority = keyMake();
  const key = keyMake();
  const cert = serverIssue(key, [parseServerName("127.0.0.1")], authority).toString();
  const server = createServer({ key: keyPem(key), cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    ca: authorityIssue(authority).toString(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

providerConformance(async () => {
  const path = join(folder, "rack.csv");
  await writeFile(path, text);
  const provider = inventoryProvider(
    { name: "rack", settings: "", autostart: false },
    inventoryList(fileSource(path), reading),
  );
  return { provider, providerId: "S1", [Symbol.asyncDispose]: () => Promise.resolve() };
});

test("a file is read again when it has changed, in whatever way, and only then", async () => {
  const path = join(folder, "rack.csv");
  await writeFile(path, text);
  const { list } = inventoryList(fileSource(path), reading);
  const first = await list(live);
  expect(first.machines).toHaveLength(2);
  expect(await list(live)).toBe(first);
  await writeFile(join(folder, "new"), text.replace("web2", "web3"));
  await rename(join(folder, "new"), path);
  expect((await list(live)).machines[1]?.name).toBe("web3");
  // A broken version is an error as long as it is there.
  await writeFile(path, 'id,name\nS1,"web1\n');
  await expect(list(live)).rejects.toThrow("line 2");
  await expect(list(live)).rejects.toThrow("line 2");
  await writeFile(path, text);
  expect((await list(live)).machines).toHaveLength(2);
  await rm(path);
  await expect(list(live)).rejects.toThrow(`can't read ${path} (ENOENT): it does not exist`);
});

test("a check that reads a new version does not hide it from the list", async () => {
  const path = join(folder, "rack.csv");
  await writeFile(path, text);
  const { list, check, get } = inventoryList(fileSource(path), reading);
  await list(live);
  await writeFile(path, `${text}S3,web 3,\n`);
  expect(await check(live)).toEqual([
    { ok: true, what: `${path} can be read: 2 machines` },
    { ok: false, what: expect.stringContaining('line 4: name "web 3"'), remedy: `mend it in ${path}` },
  ]);
  expect((await list(live)).problems).toHaveLength(1);
  await expect(get("S3", live)).rejects.toMatchObject({ code: "not_found" });
});

test("what is no file, or too long, is not read", async () => {
  await expect(fileSource(folder).read({ fresh: true, signal: live })).rejects.toThrow("is not a file");
  const pipe = join(folder, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  await expect(fileSource(pipe).read({ fresh: true, signal: live })).rejects.toThrow("is not a file");
  const long = join(folder, "long");
  await writeFile(long, "");
  await truncate(long, 33 * 1024 * 1024);
  await expect(fileSource(long).read({ fresh: true, signal: live })).rejects.toThrow("longer than 32 MiB");
});

test("a URL: asked for changes alone; redirects stay on its server", async () => {
  const asked: string[] = [];
  await using server = await serve((request, response) => {
    asked.push(`${request.url} ${request.headers["if-none-match"] ?? "-"}`);
    if (request.url === "/old") {
      response.writeHead(302, { location: "/rack.csv" }).end();
    } else if (request.headers["if-none-match"] === '"1"') {
      response.writeHead(304).end();
    } else {
      response.writeHead(200, { etag: '"1"' }).end(text);
    }
  });
  const { list } = inventoryList(urlSource(`${server.origin}/old`, { ca: server.ca, guard, pace: 1 }), reading);
  const first = await list(live);
  expect(first.machines).toHaveLength(2);
  expect(await list(live)).toBe(first);
  expect(asked).toEqual(["/old -", "/rack.csv -", '/old "1"', '/rack.csv "1"']);
});

test.each([
  [
    "a 304 that nobody asked for",
    (response: ServerResponse) => void response.writeHead(304).end(),
    "status 304: expected 200",
  ],
  ["a 500", (response: ServerResponse) => void response.writeHead(500).end("broken"), "status 500: expected 200"],
  ["a 204", (response: ServerResponse) => void response.writeHead(204).end(), "status 204"],
  [
    "a redirect to another server",
    (response: ServerResponse) =>
      void response.writeHead(301, { location: "https://u:hunter2@elsewhere.example/x?key=hunter2" }).end(),
    "redirects to another server, https://elsewhere.example/x: put the URL",
  ],
  [
    "a redirect away from TLS",
    (response: ServerResponse) => void response.writeHead(301, { location: "http://127.0.0.1/x" }).end(),
    "redirects to another server",
  ],
  [
    "redirects without end",
    (response: ServerResponse) => void response.writeHead(302, { location: "/again" }).end(),
    "more than 5 times",
  ],
  ["a redirect to nowhere", (response: ServerResponse) => void response.writeHead(302).end(), "redirects to nowhere"],
  [
    "a body that breaks off",
    (response: ServerResponse) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write(text, () => response.destroy());
    },
    "can't be read",
  ],
  [
    "100 MB",
    (response: ServerResponse) => {
      const block = Buffer.alloc(1024 * 1024, "x");
      let left = 100;
      const more = (): void => {
        left -= 1;
        if (left > 0 && !response.destroyed) {
          response.write(block, more);
        }
      };
      response.writeHead(200);
      more();
    },
    "longer than 32 MiB",
  ],
  ["no answer", () => undefined, "did not answer whole within 1 s"],
  [
    "a web page",
    (response: ServerResponse) => void response.writeHead(200).end("<!doctype html>\n<title>Log in</title>\n"),
    undefined,
  ],
])("a URL that gives %s", async (_what, answer, expected) => {
  await using server = await serve((_request, response) => answer(response));
  const limit = expected?.includes("within 1 s") === true ? 1_000 : 60_000;
  const source = urlSource(`${server.origin}/rack.csv?key=hunter2`, { ca: server.ca, guard, pace: 1, limit });
  const listing = inventoryList(source, reading).list(live);
  if (expected === undefined) {
    expect((await listing).machines).toEqual([]);
    return;
  }
  const error: unknown = await listing.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining(expected) });
  expect(String(error)).not.toContain("hunter2");
});

test("a server that the CA does not vouch for, and nobody there", async () => {
  await using server = await serve((_request, response) => void response.end(text));
  await expect(urlSource(server.origin, { guard, pace: 1 }).read({ fresh: true, signal: live })).rejects.toThrow(
    "can't be read",
  );
  const gone = await serve(() => undefined);
  await gone[Symbol.asyncDispose]();
  await expect(urlSource(gone.origin, { guard, pace: 1 }).read({ fresh: true, signal: live })).rejects.toThrow(
    "ECONNREFUSED",
  );
});

test("addresses that may not be called, by name and by number, are refused before a byte is sent", async () => {
  let asked = 0;
  await using server = await serve((_request, response) => {
    asked += 1;
    response.end(text);
  });
  const { port } = new URL(server.origin);
  const closed = () => Promise.resolve(addressGuard({ ...rules, loopbackAllowed: false }));
  const own = () => Promise.resolve(addressGuard({ ...rules, ownPorts: [Number(port)] }));
  const refusal = async (url: string, by: typeof guard): Promise<string> => {
    const source = urlSource(url, { ca: server.ca, guard: by, pace: 1 });
    return source.read({ fresh: true, signal: live }).then(
      () => "read",
      (error: unknown) => String(error),
    );
  };
  expect(await refusal(server.origin, closed)).toContain(
    "is not read, because it is at the loopback address 127.0.0.1",
  );
  expect(await refusal(`https://localhost:${port}/`, closed)).toContain("is not read, because it is at the loopback");
  expect(await refusal(server.origin, own)).toContain(`port ${port} of this host`);
  expect(await refusal("https://169.254.169.254/latest", guard)).toContain("the link-local address");
  expect(await refusal("https://[fd00:ec2::254]/latest", guard)).toContain("the metadata address");
  expect(asked).toBe(0);
  expect(await refusal(server.origin, guard)).toBe("read");
});

test("a file that has more than it says is not read without end", async () => {
  // It says that it is empty, and has 8 bytes for each page of a process's address space.
  await expect(fileSource("/proc/self/pagemap").read({ fresh: true, signal: live })).rejects.toThrow("is longer than");
});

test("machines that are asked for at once read an inventory once", async () => {
  const path = join(folder, "rack.csv");
  await writeFile(path, text);
  const source = fileSource(path);
  let reads = 0;
  const counting: typeof source = {
    ...source,
    read: (options) => {
      reads += 1;
      return source.read(options);
    },
  };
  const { get } = inventoryList(counting, reading);
  const found = await Promise.all(["S1", "S2", "S1"].map((id) => get(id, live)));
  expect(found.map(({ providerId }) => providerId)).toEqual(["S1", "S2", "S1"]);
  expect(reads).toBe(1);
});
