// A bare HTTP server of Node that sends one file, in a process of usual priority.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { pipeline } from "node:stream/promises";
import { serve } from "./processes.ts";

const stack = new AsyncDisposableStack();

/** Resolves to the URL. */
async function start({ file }: { file: string }): Promise<string> {
  const { size } = await stat(file);
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": size });
    pipeline(createReadStream(file), response).catch(() => undefined);
  });
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return `http://127.0.0.1:${typeof bound === "object" && bound !== null ? bound.port : 0}/`;
}

serve(start, () => stack.disposeAsync());
