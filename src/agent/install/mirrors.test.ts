import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf, installRig, quickLimits, type InstallRig } from "../../../test/support/install-rig.ts";
import { create } from "@bufbuild/protobuf";
import { ReportProgressResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";

const mebibyte = 1 << 20;
const image = randomBytes(6 * mebibyte);
let rig: InstallRig;
let stack: AsyncDisposableStack;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  rig = stack.use(await installRig({ diskBytes: 8 * mebibyte }));
});
afterEach(() => stack.disposeAsync());

/** A server that is a mirror; its URL, with a ticket in it. */
async function mirror(serve: RequestListener): Promise<string> {
  const server = createServer(serve);
  await once(server.listen(0, "127.0.0.1"), "listening");
  stack.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/images/x?ticket=hidden`;
}

/** The notes that came with progress. */
function notes(): string[] {
  const heard: string[] = [];
  rig.onProgress = (message) => {
    if (message.lastError !== "") {
      heard.push(message.lastError);
    }
    return Promise.resolve({ kind: "ok", response: create(ReportProgressResponseSchema) });
  };
  return heard;
}

const installed = async (): Promise<boolean> => (await rig.read(0, image.length)).equals(image);

test("an image comes from the mirror while its origin is down", async () => {
  const asked: string[] = [];
  const url = await mirror((request, response) => {
    asked.push(request.url ?? "");
    response.end(image);
  });
  const end = await rig.install({ url: "http://127.0.0.1:1/image", digest: digestOf(image), mirrorUrl: [url] });
  expect(end).toEqual({ kind: "success" });
  expect(await installed()).toBe(true);
  expect(asked).toEqual(["/images/x?ticket=hidden"]);
});

test.each<[string, RequestListener, RegExp]>([
  ["has other bytes", (_request, response) => response.end(randomBytes(5 * mebibyte)), /digest/u],
  [
    "has an archive",
    (_request, response) => response.end(Buffer.concat([Buffer.from("PK\u0003\u0004"), image])),
    /zip archive|digest/u,
  ],
  ["has longer bytes than the disk", (_request, response) => response.end(randomBytes(9 * mebibyte)), /./u],
  ["refuses", (_request, response) => response.writeHead(403).end("no"), /403/u],
  [
    "breaks off",
    (_request, response) => {
      response.writeHead(200, { "content-length": image.length });
      response.write(image.subarray(0, mebibyte), () => response.destroy());
    },
    /broke off|given up/u,
  ],
])("a mirror that %s is passed over, with a note in the progress", async (_name, serve, why) => {
  const heard = notes();
  rig.serveBytes(image);
  const url = await mirror(serve);
  const end = await rig.install({ mirrorUrl: [url] }, { limits: quickLimits });
  expect(end).toEqual({ kind: "success" });
  expect(await installed()).toBe(true);
  const note = heard.find((text) => text.includes("passed over"));
  expect(note).toMatch(why);
  expect([...heard, ...rig.logged.lines.map((line) => JSON.stringify(line))].join("\n")).not.toContain("hidden");
});

test("a mirror that was starting is asked again where the origin gives the image only to mirrors", async () => {
  let asked = 0;
  const url = await mirror((_request, response) => {
    asked += 1;
    if (asked === 1) {
      response.writeHead(404).end("not here yet");
    } else {
      response.end(image);
    }
  });
  const closed = await mirror((_request, response) => response.writeHead(403).end("no"));
  const end = await rig.install({ url: closed, digest: digestOf(image), mirrorUrl: [url] }, { limits: quickLimits });
  expect(end).toEqual({ kind: "success" });
  expect(await installed()).toBe(true);
});

test("where nobody has the image, the reason is the origin's", async () => {
  const url = await mirror((_request, response) => response.writeHead(404).end("not here"));
  const closed = await mirror((_request, response) => response.writeHead(403).end("no"));
  const end = await rig.install({ url: closed, digest: digestOf(image), mirrorUrl: [url] }, { limits: quickLimits });
  expect(end).toMatchObject({ kind: "error" });
  expect(JSON.stringify(end)).toContain("403");
});

test("the second mirror is tried before the origin", async () => {
  const url = await mirror((_request, response) => response.end(image));
  const away = "http://127.0.0.1:1/images/x?ticket=hidden";
  const end = await rig.install(
    { url: "http://127.0.0.1:1/image", digest: digestOf(image), mirrorUrl: [away, url] },
    { limits: quickLimits },
  );
  expect(end).toEqual({ kind: "success" });
  expect(await installed()).toBe(true);
});
