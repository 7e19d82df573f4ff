import { request } from "node:http";

// An answer is {"token":"…"}.
const answerLimit = 4096;
const timeoutMilliseconds = 10_000;

/**
 * Asks the network boot server for a token of this machine's boot window; it hands one out while a window is open and
 * its token was not handed out. Resolves to undefined for any other answer, and for none: the caller can only ask
 * again.
 */
export function tokenAsk(
  netboot: string,
  machine: { smbiosUuid: string; macs: readonly string[] },
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = JSON.stringify({ uuid: machine.smbiosUuid, mac: machine.macs });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const asked = request(
      `${netboot}/enrollment-token`,
      {
        method: "POST",
        headers,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMilliseconds)]),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > answerLimit) {
            asked.destroy();
          } else {
            chunks.push(chunk);
          }
        });
        response.on("close", () =>
          resolve(response.statusCode === 200 && response.complete ? tokenOf(Buffer.concat(chunks)) : undefined),
        );
        response.on("error", () => resolve(undefined));
      },
    );
    asked.on("error", () => resolve(undefined));
    asked.end(body);
  });
}

function tokenOf(body: Buffer): string | undefined {
  try {
    const answer: unknown = JSON.parse(body.toString("utf8"));
    const token = typeof answer === "object" && answer !== null && "token" in answer ? answer.token : undefined;
    return typeof token === "string" && token !== "" ? token : undefined;
  } catch {
    // That server is not Farrier's network boot.
    return undefined;
  }
}
