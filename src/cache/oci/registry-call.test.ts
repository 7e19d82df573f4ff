import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { registryCaller, registryText } from "./registry-call.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
});

/** Listens on loopback; returns the server's root. */
async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return new URL(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`);
}

const credentials = { user: "farrier", password: "planted" };
const basic = `Basic ${Buffer.from("farrier:planted").toString("base64")}`;

test("tokens are fetched with the credentials, one for reading and one for writing, and again when they have ended", async () => {
  const asked: string[] = [];
  let valid = "";
  const registry: URL = await serve((request, response) => {
    const url = new URL(request.url ?? "", registry);
    if (url.pathname === "/token") {
      asked.push(`${request.headers.authorization === basic} ${url.searchParams.get("scope")}`);
      valid = `token-${asked.length}`;
      response.end(JSON.stringify({ token: valid }));
    } else if (request.headers.authorization === `Bearer ${valid}`) {
      response.end("here");
    } else {
      const scope = request.method === "GET" ? "pull" : "push";
      response.setHeader("www-authenticate", `Bearer realm="${registry.href}token",service="s",scope="${scope}"`);
      response.writeHead(401).end();
    }
  });
  const call = registryCaller(registry, credentials);
  const get = async (): Promise<string> => registryText(await call({ method: "GET", url: registry }), 100);
  expect([await get(), await get()]).toEqual(["here", "here"]);
  expect(asked).toEqual(["true pull"]);
  expect((await call({ method: "PUT", url: registry, body: Buffer.from("x") })).resume().statusCode).toBe(200);
  expect(asked).toEqual(["true pull", "true push"]);
  valid = "another";
  expect(await get()).toBe("here");
  expect(asked).toEqual(["true pull", "true push", "true pull"]);
});

test("credentials go to no token server of another host, and to no storage", async () => {
  const seen: (string | undefined)[] = [];
  const stranger = await serve((request, response) => {
    seen.push(request.headers.authorization);
    response.end("bytes");
  });
  const registry: URL = await serve((request, response) => {
    if (request.url === "/stored" && request.headers.authorization === basic) {
      response.writeHead(307, { location: stranger.href }).end();
    } else {
      const realm = request.url === "/stored" ? "Basic" : `Bearer realm="${stranger.href}"`;
      response.setHeader("www-authenticate", realm).writeHead(401).end();
    }
  });
  const call = registryCaller(registry, credentials);
  await expect(call({ method: "GET", url: registry })).rejects.toMatchObject({ code: "unusable" });
  expect(seen).toEqual([]);
  expect(await registryText(await call({ method: "GET", url: new URL("stored", registry) }), 100)).toBe("bytes");
  expect(seen).toEqual([undefined]);
});

test("redirects to link-local addresses, in circles, and of uploads are not followed", async () => {
  let location = "";
  const registry: URL = await serve((_request, response) => response.writeHead(307, { location }).end());
  const call = registryCaller(registry, undefined);
  location = "http://169.254.169.254/latest";
  await expect(call({ method: "GET", url: registry })).rejects.toThrow(/never called/u);
  location = registry.href;
  await expect(call({ method: "GET", url: registry })).rejects.toThrow(
    /redirects .* to where nothing is fetched from/u,
  );
  location = "file:///etc/passwd";
  await expect(call({ method: "GET", url: registry })).rejects.toThrow(/to where nothing is fetched from/u);
  const answer = await call({ method: "PUT", url: registry, body: Buffer.from("x") });
  expect(answer.resume().statusCode).toBe(307);
});

test("an answer of too many bytes, and a silent registry, are errors", async () => {
  const registry: URL = await serve((request, response) => {
    if (request.url === "/long") {
      response.end(Buffer.alloc(200_000, "x"));
    }
  });
  const call = registryCaller(registry, undefined);
  const long = await call({ method: "GET", url: new URL("long", registry) });
  await expect(registryText(long, 1000)).rejects.toMatchObject({ code: "unavailable" });
  await expect(call({ method: "GET", url: registry, patience: 50 })).rejects.toThrow(/sent nothing for 0\.05 s/u);
});
