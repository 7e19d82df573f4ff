// Machines that fetch at once, each on a connection of its own; the bytes are counted and dropped.
import { Agent, get } from "node:http";
import { serve } from "./processes.ts";

/** All bytes that came, and the seconds from the first request to the last byte. */
export interface FetchResult {
  bytes: number;
  seconds: number;
}

async function fetchAll({ urls }: { urls: readonly string[] }): Promise<FetchResult> {
  const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const began = performance.now();
  const bytes = await Promise.all(urls.map((url) => fetchOne(url, agent)));
  return { bytes: bytes.reduce((sum, one) => sum + one, 0), seconds: (performance.now() - began) / 1_000 };
}

function fetchOne(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (answer) => {
      let bytes = 0;
      if (answer.statusCode !== 200) {
        reject(new Error(`an answer with status ${answer.statusCode ?? 0}`));
      }
      answer.on("data", (piece: Buffer) => (bytes += piece.length));
      answer.once("end", () => resolve(bytes));
      answer.once("error", reject);
    }).once("error", reject);
  });
}

serve(fetchAll, () => Promise.resolve());
