import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { mediumFetch } from "./medium-fetch.ts";

async function server(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const serving = createServer(listener);
  await once(serving.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(serving.address() as AddressInfo).port}/secret-path`,
    [Symbol.asyncDispose]: async () => {
      serving.closeAllConnections();
      await once(serving.close(), "close");
    },
  };
}

test("a medium is fetched by ranges", async () => {
  const medium = Buffer.alloc((4 << 20) + 7, "farrier");
  await using serving = await server((request, response) => {
    const [, first = "0", last = ""] = /^bytes=(?<first>\d+)-(?<last>\d+)$/u.exec(request.headers.range ?? "") ?? [];
    const body = request.method === "HEAD" ? medium : medium.subarray(Number(first), Number(last) + 1);
    response.writeHead(request.method === "HEAD" ? 200 : 206, { "content-length": body.length });
    response.end(body);
  });
  await using fetched = await mediumFetch(serving.url);
  expect((await readFile(fetched.file)).equals(medium)).toBe(true);
});

test("an answer that is no range is not read to its end", async () => {
  const gone = Promise.withResolvers<void>();
  await using serving = await server((request, response) => {
    response.writeHead(200, { "content-length": 8 * 2 ** 30 });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    // It never ends by itself.
    response.write(Buffer.alloc(1 << 20));
    response.once("close", gone.resolve);
  });
  const fetching = mediumFetch(serving.url);
  await expect(fetching).rejects.toMatchObject({
    code: "medium_unusable",
    message: expect.stringContaining("answered with 200"),
  });
  await expect(fetching).rejects.not.toMatchObject({ message: expect.stringContaining("secret-path") });
  await gone.promise;
});
