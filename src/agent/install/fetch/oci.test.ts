import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../../../test/support/free-port.ts";
import type { InstallRig } from "../../../../test/support/install-rig.ts";
import { digestOf, installRig, programsMissing } from "../../../../test/support/install-rig.ts";
import { waitFor } from "../../../../test/support/wait.ts";
import { ociReference } from "../../../contract/oci-reference.ts";

const mebibyte = 1 << 20;
const raw = Buffer.concat([randomBytes(3 * mebibyte), Buffer.alloc(2 * mebibyte, "abc")]);
const image = zstdCompressSync(raw);
const program = "docker-registry";
const missing = await programsMissing(program);
const why = "docker-registry is not installed: apt install docker-registry";
const digest = `sha256:${"0".repeat(64)}`;

const manifestOf = (...layers: Buffer[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 },
      layers: layers.map((layer) => ({
        mediaType: "application/octet-stream",
        digest: digestOf(layer),
        size: layer.length,
      })),
    }),
  );

let rig: InstallRig;
beforeEach(async () => {
  rig = await installRig({ diskBytes: 12 * mebibyte });
});
afterEach(() => rig[Symbol.asyncDispose]());

describe("an address of a registry", () => {
  test.each([
    [`oci://registry.example/os/debian@${digest}`, "https://registry.example/", "os/debian"],
    [`oci://registry.example:5000/debian@${digest}`, "https://registry.example:5000/", "debian"],
    [`oci://localhost:5000/a/b/c-d_e.f@${digest}`, "http://localhost:5000/", "a/b/c-d_e.f"],
    [`oci://127.0.0.1:5000/a@${digest}`, "http://127.0.0.1:5000/", "a"],
  ])("%s", (text, registry, repository) => {
    const reference = ociReference(text);
    expect([reference?.registry.href, reference?.repository, reference?.digest]).toEqual([
      registry,
      repository,
      digest,
    ]);
  });

  test.each([
    "oci://host/repository:tag",
    `oci://host/@${digest}`,
    `oci://host/../x@${digest}`,
    `oci://user@host/x@${digest}`,
    `oci://host/UPPER@${digest}`,
    `oci://host/x@${digest}0`,
    `http://host/x@${digest}`,
  ])("%s is none", (text) => {
    expect(ociReference(text)).toBeUndefined();
  });
});

describe("Debian's registry", () => {
  let folder: string;
  let registry: ChildProcess;
  let root: string;
  beforeEach(async (context) => {
    context.skip(missing.length > 0, why);
    folder = await mkdtemp(join(tmpdir(), "registry-"));
    const port = await freePort();
    root = `127.0.0.1:${port}`;
    await mkdir(join(folder, "data"));
    const configuration = [
      "version: 0.1",
      "log: {level: error}",
      `storage: {filesystem: {rootdirectory: ${join(folder, "data")}}}`,
      `http: {addr: "${root}"}`,
    ];
    await writeFile(join(folder, "config.yml"), configuration.join("\n"));
    registry = spawn(program, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
    await waitFor("the registry", async () => (await fetch(`http://${root}/v2/`)).ok);
    return async () => {
      const exit = once(registry, "exit");
      registry.kill();
      await exit;
      await rm(folder, { recursive: true, force: true });
    };
  });

  async function push(bytes: Buffer): Promise<void> {
    const started = await fetch(`http://${root}/v2/os/debian/blobs/uploads/`, { method: "POST" });
    const url = new URL(started.headers.get("location") ?? "", `http://${root}`);
    url.searchParams.set("digest", digestOf(bytes));
    const done = await fetch(url, { method: "PUT", body: Uint8Array.from(bytes) });
    expect(done.status).toBe(201);
  }

  async function pushManifest(...layers: Buffer[]): Promise<string> {
    for (const layer of [...layers, Buffer.from("{}")]) {
      await push(layer);
    }
    const manifest = manifestOf(...layers);
    const done = await fetch(`http://${root}/v2/os/debian/manifests/latest`, {
      method: "PUT",
      headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
      body: Uint8Array.from(manifest),
    });
    expect(done.status).toBe(201);
    return digestOf(manifest);
  }

  test("gives the image of a manifest", async () => {
    const manifest = await pushManifest(image);
    const url = `oci://${root}/os/debian@${manifest}`;
    expect(await rig.install({ url, digest: digestOf(image), readBack: true })).toEqual({ kind: "success" });
    expect((await rig.read(0, raw.length)).equals(raw)).toBe(true);
  });

  test("gives none of a manifest that has another layer, or several, or is not there; the next attempt succeeds", async () => {
    const several = await pushManifest(image, raw.subarray(0, 100));
    const one = await pushManifest(image);
    for (const [manifest, asked, expected] of [
      [one, digestOf(raw), /has the layer sha256:.*expected the image as its one layer, with the request's digest/u],
      [several, digestOf(image), /has 2 layers, expected the image as its one layer/u],
      [digest, digestOf(image), /manifests\/sha256:0+ answered 404/u],
    ] as const) {
      const end = await rig.install({ url: `oci://${root}/os/debian@${manifest}`, digest: asked });
      expect(end).toMatchObject({ error: expect.stringMatching(expected) });
    }
    expect((await rig.read(0, 4096)).equals(Buffer.alloc(4096))).toBe(true);
    expect(await rig.install({ url: `oci://${root}/os/debian@${one}`, digest: digestOf(image) })).toEqual({
      kind: "success",
    });
  });
});

describe("a registry that wants a token", () => {
  let server: Server;
  let root: string;
  let requests: IncomingMessage[];
  /** Changes with each token that is given out: the one before has expired. */
  let token: string;
  let realm: string;
  /** The fields of WWW-Authenticate. */
  let challenge: (bearer: string) => string | string[];
  let blob: RequestListener;
  const manifest = manifestOf(image);
  beforeEach(async () => {
    requests = [];
    token = "none";
    challenge = (bearer) => bearer;
    blob = (_request, response) => void response.end(image);
    server = createServer((request, response) => {
      requests.push(request);
      if (request.url?.startsWith("/token") === true) {
        token = `token-${requests.length}`;
        response.end(JSON.stringify({ token }));
      } else if (request.headers.authorization !== `Bearer ${token}`) {
        const bearer = `Bearer realm="${realm}",service="registry",scope="repository:a/b:pull"`;
        response.writeHead(401, { "www-authenticate": challenge(bearer) }).end();
      } else if (request.url === `/v2/a/b/manifests/${digestOf(manifest)}`) {
        response.end(manifest);
      } else {
        blob(request, response);
      }
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const address = server.address();
    root = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    realm = `http://${root}/token`;
    return async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
  });
  const install = (): ReturnType<InstallRig["install"]> =>
    rig.install({ url: `oci://${root}/a/b@${digestOf(manifest)}`, digest: digestOf(image) });

  test("gets one, and a new one when that has expired in the middle of a fetch that is resumed", async () => {
    let broken = false;
    blob = (request, response) => {
      const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        "content-length": image.length - from,
        ...(from === 0 ? {} : { "content-range": `bytes ${from}-${image.length - 1}/${image.length}` }),
      });
      if (broken) {
        response.end(image.subarray(from));
      } else {
        broken = true;
        token = "expired";
        response.write(image.subarray(0, mebibyte), () => response.socket?.destroy());
      }
    };
    expect(await install()).toEqual({ kind: "success" });
    const asked = requests.filter(({ url }) => url?.startsWith("/token")).map(({ url }) => url);
    expect(asked).toEqual(Array(2).fill("/token?service=registry&scope=repository%3Aa%2Fb%3Apull"));
    expect((await rig.read(0, raw.length)).equals(raw)).toBe(true);
  });

  test.each<[string, (bearer: string) => string | string[]]>([
    ["a field before it", (bearer) => ['Basic realm="a, b"', bearer]],
    ["a field behind it", (bearer) => [bearer, 'Basic realm="r"']],
    ["the same field, before it", (bearer) => `Basic realm="r", ${bearer}`],
    ["the same field, behind it", (bearer) => `${bearer}, Basic realm="r", Negotiate`],
    ["none, and a realm that is relative", (bearer) => bearer.replace(`http://${root}`, "")],
  ])("I9: that offers Basic in %s, gives one", async (_name, fields) => {
    challenge = fields;
    expect(await install()).toEqual({ kind: "success" });
  });

  test("A10: and names another service for it, does not have that asked, unless the request names it", async () => {
    const elsewhere: IncomingMessage[] = [];
    rig.serve = (request, response) => {
      elsewhere.push(request);
      token = "elsewhere";
      response.end(JSON.stringify({ token }));
    };
    realm = rig.url;
    const { host } = new URL(rig.url);
    expect(await install()).toMatchObject({
      error: expect.stringContaining(`names "${rig.url}" as its token server, which is not in its own domain`),
    });
    expect(elsewhere).toEqual([]);
    const url = `oci://${root}/a/b@${digestOf(manifest)}`;
    expect(await rig.install({ url, digest: digestOf(image), tokenHost: [host] })).toEqual({ kind: "success" });
    expect(elsewhere).toHaveLength(1);
  });

  test("A10: and redirects to the machine's own network for it, is not followed", async () => {
    rig.serve = (_request, response) => void response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    realm = rig.url;
    const url = `oci://${root}/a/b@${digestOf(manifest)}`;
    const tokenHost = [new URL(rig.url).host];
    expect(await rig.install({ url, digest: digestOf(image), tokenHost })).toMatchObject({
      error: expect.stringMatching(/leads to the link-local address/u),
    });
  });

  test("and redirects to another host, does not have the token sent there", async () => {
    rig.serveBytes(image);
    const serve = rig.serve;
    const elsewhere: IncomingMessage[] = [];
    rig.serve = (request, response) => {
      elsewhere.push(request);
      serve(request, response);
    };
    blob = (_request, response) => void response.writeHead(307, { location: rig.url }).end();
    expect(await install()).toEqual({ kind: "success" });
    expect(elsewhere.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test("and a manifest that is another one than was named: an error", async () => {
    const other = `sha256:${createHash("sha256").update("x").digest("hex")}`;
    blob = (_request, response) => void response.end(manifest);
    const end = await rig.install({ url: `oci://${root}/a/b@${other}`, digest: digestOf(image) });
    expect(end).toMatchObject({ error: expect.stringMatching(/is a manifest with the digest sha256/u) });
  });
});
