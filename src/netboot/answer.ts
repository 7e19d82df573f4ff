import { fromBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Database } from "../database/connect.ts";
import type { MachineId } from "../database/ids.ts";
import type { MachineIdentity } from "../database/machine-identity.ts";
import { netbootNote, type NetbootStep } from "../database/queries/boot/netboot-note.ts";
import { netbootRemains } from "../database/queries/boot/netboot-remains.ts";
import { netbootFacts } from "../database/queries/boot/netboot.ts";
import { formatHostPort, isLoopback } from "../lib/net/host-port.ts";
import { requestOrigin } from "../lib/net/request-headers.ts";
import { originRefusal, ownNames } from "../lib/net/request-origin.ts";
import { describeError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { agentEndpoint, hostReached, type AgentsAt } from "./agent-endpoint.ts";
import { networkOfIdentity } from "../database/queries/machine/machine-network.ts";
import { defined } from "../lib/defined.ts";
import { bootConfigArchive } from "./boot-config.ts";
import { bootDecide, bootDecideRemains } from "./boot-decide.ts";
import { bootFileOpen, bootImageFind, type BootImagePlaces } from "./boot-image.ts";
import { bootQuery, type BootQuery } from "./boot-query.ts";
import { bootTokenFor } from "./boot-token.ts";
import { configHandle, configHandleRead } from "./config-handle.ts";
import { answerText, type Exchange } from "./exchange.ts";
import { fileAnswer } from "./file-answer.ts";
import { servedFileOpen, type ServedFile } from "./served-file.ts";
import { ipxeFilePath } from "./ipxe-files.ts";
import { agentScript, bootScript, diskScript, holdScript, noImageScript } from "./ipxe-script.ts";
import { mediumAnswer } from "./medium-answer.ts";
import { requestBody } from "./request-body.ts";
import type { Route } from "./route.ts";
import { tokenRequest, tokenRequestLimit } from "./token-request.ts";

/** What answers are made from. */
export interface AnswerOptions extends BootImagePlaces {
  database: Database;
  /** The folder of iPXE's own programs. */
  ipxeFiles: string;
  agents: AgentsAt;
  /** How a machine reaches this host when its controller fetched a boot medium over loopback. */
  guestsReach?: string | undefined;
  /** How machines reach this host, if not by the address from which their controllers fetch boot media. */
  machinesReach?: string | undefined;
  /** DER of the CA of the agent port's certificate; empty means the system's roots. */
  caCertificate: Uint8Array;
  /** Appended to the kernel command line. */
  kernelArguments: string;
  /** The metrics in the Prometheus text format, for callers on this host. */
  metricsText: () => Promise<string>;
  /** Records that a known machine asks from an address. */
  know: (address: string) => void;
  /** Records that an address may fetch a boot medium, which controllers do in thousands of small ranges. */
  fetches: (address: string) => void;
  log: Logger;
}

/**
 * Answers a request; resolves to the outcome for the metrics: the decision, or the HTTP status.
 * @throws {DatabaseError} `unavailable`, before anything of an answer is sent
 */
export async function netbootAnswer(options: AnswerOptions, exchange: Exchange, route: Route): Promise<string> {
  switch (route.resource) {
    case "boot":
      return String(answerText(exchange, 200, bootScript()));
    case "machine":
      return answerMachine(options, exchange, route.query);
    case "image": {
      const source = await bootFileOpen(options, route);
      const missing = `no boot image for ${route.architecture}: farrier boot-image build makes one`;
      const outcome = await answerFile(exchange, source, missing);
      const identity = route.handle === undefined ? undefined : configHandleRead(route.handle);
      if (identity !== undefined && outcome === "200" && exchange.request.method === "GET") {
        await note(options, identity, "loaded");
      }
      return outcome;
    }
    case "ipxe": {
      const path = ipxeFilePath(options.ipxeFiles, route.architecture, route.name);
      const source = path === undefined ? undefined : await servedFileOpen(path);
      return answerFile(exchange, source, "there is no such iPXE program here: Debian's package ipxe has some");
    }
    case "config":
      return answerConfig(options, exchange, route.handle);
    case "medium":
      return mediumAnswer(options, exchange, route.secret);
    case "token":
      return answerToken(options, exchange);
    case "health":
      return String(answerText(exchange, 200, "ok\n"));
    case "metrics":
      return answerMetrics(options, exchange);
  }
}

/** The names by which a scraper on this host may call it. */
const hostNames = ownNames({ loopback: "127.0.0.1", proxyNames: [] });

/** Only for callers on this host, and not for pages in a browser on it. */
async function answerMetrics(options: AnswerOptions, exchange: Exchange): Promise<string> {
  if (!isLoopback(exchange.address.replace(/^::ffff:/u, ""))) {
    return String(answerText(exchange, 404, "metrics are for this host\n"));
  }
  const foreign = originRefusal(requestOrigin(exchange.request, false), hostNames);
  return String(
    foreign === undefined
      ? answerText(exchange, 200, await options.metricsText())
      : answerText(exchange, foreign.status, `${foreign.message}\n`),
  );
}

async function answerFile(exchange: Exchange, source: ServedFile | undefined, missing: string): Promise<string> {
  const status = await fileAnswer(exchange.request, exchange.response, source);
  return String(status === 404 ? answerText(exchange, 404, `${missing}\n`) : status);
}

async function answerMachine(options: AnswerOptions, exchange: Exchange, query: URLSearchParams): Promise<string> {
  const asked = bootQuery(query);
  const { identity, architecture, platform } = asked;
  const facts = await netbootFacts(options.database, identity);
  const left = facts === undefined ? await decideByRemains(options, asked) : undefined;
  const decision = left?.decision ?? bootDecide(facts);
  const { address } = exchange;
  const machine = facts?.machineId ?? left?.machineId;
  if (machine !== undefined) {
    options.know(address);
  }
  options.log.info(
    { ...(machine === undefined ? {} : { machine }), ...identity, decision, platform, address },
    left !== undefined
      ? "a machine of which something was replaced boots from the network"
      : facts === undefined
        ? "an unknown machine boots from the network"
        : "a machine boots from the network",
  );
  switch (decision) {
    case "hold":
      answerText(exchange, 200, holdScript());
      return decision;
    case "disk":
      answerText(exchange, 200, diskScript(platform));
      return decision;
    case "agent": {
      const image = architecture === undefined ? undefined : await bootImageFind(options, architecture);
      if (architecture === undefined || image === undefined) {
        answerText(exchange, 200, noImageScript(architecture));
        return "no-image";
      }
      const { kernelArguments } = options;
      const digests = image.from === "store" ? image.digests : undefined;
      const script = agentScript({ architecture, handle: configHandle(identity), kernelArguments, digests });
      answerText(exchange, 200, script);
      if (facts !== undefined) {
        await note(options, identity, "asked");
      }
      return facts === undefined ? "unknown" : decision;
    }
  }
}

/** What a machine that is known by a part of its identity should boot; undefined if it can't be decided. */
async function decideByRemains(
  { database }: AnswerOptions,
  { identity, serialNumber }: BootQuery,
): Promise<{ machineId: MachineId; decision: "hold" | "disk" } | undefined> {
  const remains = await netbootRemains(database, identity);
  const known = serialOf(remains?.hardwareRaw);
  const decision = bootDecideRemains(remains, { told: serialNumber, known });
  return remains === undefined || decision === undefined ? undefined : { machineId: remains.machineId, decision };
}

/** The serial number in a stored hardware report; "" if there is none. */
function serialOf(raw: Uint8Array | undefined): string {
  try {
    return raw === undefined ? "" : (fromBinary(AgentHardwareReportSchema, raw).report?.serialNumber ?? "");
  } catch {
    // A report that can't be parsed has none; the operator API reports that.
    return "";
  }
}

/** Counts how far a boot came. A failure to count must not fail the answer. */
async function note(options: AnswerOptions, identity: MachineIdentity, step: NetbootStep): Promise<void> {
  try {
    await netbootNote(options.database, identity, step);
  } catch (error) {
    options.log.debug({ error: describeError(error) }, "the progress of a boot could not be counted");
  }
}

async function answerConfig(options: AnswerOptions, exchange: Exchange, handle: string): Promise<string> {
  const { request, response, address } = exchange;
  const identity = configHandleRead(handle);
  const reached = hostReached(request.headers.host);
  if (identity === undefined) {
    return String(answerText(exchange, 404, "no such configuration: /machine.ipxe names them\n"));
  }
  if (reached === undefined) {
    return String(answerText(exchange, 400, "the Host header is missing or not a host's name\n"));
  }
  // A token is handed out once, so never to a request without a body in its answer.
  const token = request.method === "HEAD" ? undefined : await bootTokenFor(options.database, identity, address);
  // To strangers it is as unknown as the machine: it goes with the token alone.
  const networkConfig = token === undefined ? undefined : await networkOfIdentity(options.database, identity);
  const archive = bootConfigArchive({
    endpoint: agentEndpoint(options.agents, reached),
    caCertificate: Buffer.from(options.caCertificate).toString("base64"),
    netboot: `http://${formatHostPort(reached)}`,
    ...defined({ token, networkConfig }),
  });
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "cache-control": "no-store",
    ...(request.method === "HEAD" ? {} : { "content-length": archive.length }),
  });
  response.end(request.method === "HEAD" ? undefined : archive);
  if (request.method !== "HEAD") {
    await note(options, identity, "configured");
  }
  return token === undefined ? "200" : "token";
}

async function answerToken(options: AnswerOptions, exchange: Exchange): Promise<string> {
  const text = await requestBody(exchange.request, tokenRequestLimit);
  const identity = text === undefined ? undefined : tokenRequest(text.toString("utf8"));
  if (identity === undefined) {
    const expected = '{"uuid": "…", "mac": ["…"]}';
    const why = `expected a body such as ${expected} of at most ${tokenRequestLimit} bytes\n`;
    // The rest of a body that is too long is not awaited.
    exchange.response.setHeader("connection", "close");
    return String(answerText(exchange, 400, why));
  }
  const token = await bootTokenFor(options.database, identity, exchange.address);
  if (token === undefined) {
    return String(answerText(exchange, 404, "no token: ask again later\n"));
  }
  const body = Buffer.from(JSON.stringify({ token }));
  exchange.response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
  });
  exchange.response.end(body);
  return "token";
}
