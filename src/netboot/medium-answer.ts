import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Database } from "../database/connect.ts";
import { mediumFetched, mediumGrant, mediumTokenGive } from "../database/queries/boot/boot-medium.ts";
import { mediumTestFetched, mediumTestGrant } from "../database/queries/boot/medium-test.ts";
import { isLoopback } from "../lib/net/host-port.ts";
import type { Logger } from "../lib/log.ts";
import { agentEndpoint, hostReached, type AgentsAt } from "./agent-endpoint.ts";
import type { Architecture } from "./architecture.ts";
import { machineNetworkOf } from "../database/queries/machine/machine-network.ts";
import { defined } from "../lib/defined.ts";
import { bootConfigArchive } from "./boot-config.ts";
import { byteRange } from "./byte-range.ts";
import { answerText, type Exchange } from "./exchange.ts";
import { fileAnswer } from "./file-answer.ts";
import { servedFileOpen } from "./served-file.ts";
import { mediumFile, type MediumFile } from "./medium-file.ts";
import { mediumSecretRead, type MediumSecret } from "../contract/medium-path.ts";

/** What a boot medium is made from. */
export interface MediumAnswerOptions {
  database: Database;
  /** The folder of boot images. */
  bootImages: string;
  agents: AgentsAt;
  /** How a machine reaches this host when its controller fetched the medium over loopback; absent = not at all. */
  guestsReach?: string | undefined;
  /** How machines reach this host, if not by the address from which their controllers fetch media. */
  machinesReach?: string | undefined;
  /** DER; empty means the system's roots. */
  caCertificate: Uint8Array;
  /** Records that an address may fetch a medium. */
  fetches: (address: string) => void;
  log: Logger;
}

/** Media are for machines of this architecture. */
const mediumArchitecture: Architecture = "x86_64";

/** One answer to all who may not have it: nobody learns which media exist. */
const refusal = "there is no such medium\n";

/**
 * Answers with a machine's boot medium: the file that all machines share, with this machine's configuration and token in
 * its reserved area, until its agent has enrolled. Its path is a secret and is never logged.
 * @throws {DatabaseError} `unavailable`
 */
export async function mediumAnswer(options: MediumAnswerOptions, exchange: Exchange, text: string): Promise<string> {
  const secret = mediumSecretRead(text);
  const address = plainAddress(exchange.address);
  if (secret === undefined || address === undefined) {
    return String(answerText(exchange, 404, refusal));
  }
  const looks = exchange.request.method === "HEAD";
  const asked = { mediumDigest: secret.digest, address, looks };
  const grant = (await mediumGrant(options.database, asked)) ?? (await mediumTestGrant(options.database, asked));
  if (grant === undefined) {
    return String(answerText(exchange, 404, refusal));
  }
  options.fetches(exchange.address);
  const file = await mediumFile(options.bootImages, mediumArchitecture);
  if (file === undefined) {
    options.log.warn({ machine: grant.machineId }, "a boot medium is requested that is not built");
    return String(answerText(exchange, 404, "no boot medium is built: farrier boot-image build --iso makes one\n"));
  }
  const { request, response } = exchange;
  const archive =
    grant.content === "blank"
      ? Buffer.alloc(0)
      : configuration(options, exchange, secret, await machineNetworkOf(options.database, grant.machineId));
  if (archive === undefined) {
    return String(answerText(exchange, 400, "the Host header is missing, or not a host's name\n"));
  }
  if (archive.length > file.area.bytes) {
    options.log.error(
      { machine: grant.machineId, bytes: archive.length, room: file.area.bytes },
      "a machine's configuration does not fit on a boot medium: shorten its network, or the chain of the CA",
    );
    return String(answerText(exchange, 500, "the machine's configuration does not fit on its medium\n"));
  }
  const bytes = Buffer.alloc(file.area.bytes);
  bytes.set(archive);
  const overlay = { offset: file.area.offset, bytes };
  const begins = async (): Promise<boolean> => {
    if (grant.first && !(await (grant.of === "test" ? mediumTestFetched : mediumFetched)(options.database, asked))) {
      return false;
    }
    if (grant.content === "blank" || grant.given || !touches(request.headers, file)) {
      return true;
    }
    const tokenDigest = createHash("sha256").update(secret.token).digest();
    const give = { machineId: grant.machineId, mediumDigest: secret.digest, tokenDigest, address };
    return mediumTokenGive(options.database, { ...give, actor: { kind: "component", name: "netboot" } });
  };
  const status = await fileAnswer(request, response, await servedFileOpen(file.path), overlay, begins);
  return status === 404 ? String(answerText(exchange, 404, refusal)) : grant.content;
}

/** The machine's configuration; undefined if the request does not say how the caller reaches this host. */
function configuration(
  { agents, guestsReach, machinesReach, caCertificate }: MediumAnswerOptions,
  { request }: Exchange,
  { token }: MediumSecret,
  networkConfig: string | undefined,
): Buffer | undefined {
  const reached = hostReached(request.headers.host);
  if (reached === undefined) {
    return undefined;
  }
  // A controller on this host is a lab's: its machine has another loopback.
  const host = (isLoopback(reached.host) ? guestsReach : machinesReach) ?? reached.host;
  return bootConfigArchive({
    endpoint: agentEndpoint(agents, { ...reached, host }),
    caCertificate: Buffer.from(caCertificate).toString("base64"),
    token,
    ...defined({ networkConfig }),
  });
}

/** Whether the answer to a request with these headers may contain bytes of the reserved area. Pure. */
function touches(headers: IncomingHttpHeaders, { area }: MediumFile): boolean {
  const range = byteRange(headers.range, Number.MAX_SAFE_INTEGER);
  // A suffix is counted from an end that is not known here. With If-Range the answer may be the whole medium.
  return (
    typeof range === "string" ||
    headers.range?.includes("=-") === true ||
    headers["if-range"] !== undefined ||
    (range.first < area.offset + area.bytes && range.last >= area.offset)
  );
}

/** An address as the database compares it; undefined if it is unknown. Pure. */
function plainAddress(address: string): string | undefined {
  const plain = address.replace(/^::ffff:/u, "").replace(/%.*$/u, "");
  return plain === "" ? undefined : plain;
}
