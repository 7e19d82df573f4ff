// `npm run image:serve [-- FILE [PORT]]`: serves one file over HTTP on loopback, to try an installation.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/** A served file. */
export interface ServedFile extends AsyncDisposable {
  url: string;
}

/** Serves `file` at /NAME on 127.0.0.1; port 0 means any free one. */
export async function imageServe(file: string, port: number): Promise<ServedFile> {
  const { size } = await stat(file);
  const path = `/${basename(file)}`;
  const server = createServer((request, response) => {
    if (request.url !== path) {
      response.writeHead(404, { "content-type": "text/plain" }).end(`only ${path} is here\n`);
      return;
    }
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
    // A client may close the connection early; that is not an error.
    pipeline(createReadStream(file), response).catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}${path}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

if (import.meta.main) {
  const file = process.argv[2] ?? fileURLToPath(new URL("../.demo/image.raw", import.meta.url));
  const served = await imageServe(file, Number(process.argv[3] ?? 8000));
  process.stdout.write(`serving ${file} at ${served.url}\n`);
}
