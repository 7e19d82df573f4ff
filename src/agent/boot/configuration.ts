import { createHash, X509Certificate } from "node:crypto";
import { describeError } from "../../lib/errors.ts";
import { parseHostPort } from "../../lib/net/host-port.ts";
import { AgentError } from "../errors.ts";
import { commandLineRead } from "./command-line.ts";

/** How a machine that booted from the network reaches its control plane. */
export interface BootConfiguration {
  /** The agent API's "HOST:PORT". */
  endpoint: string;
  /** DER; empty means the system's roots. */
  caCertificate: Uint8Array;
  /** URL of the network boot server, without a trailing slash; undefined if no token can be asked for. */
  netboot: string | undefined;
  /** The boot token. */
  token: string | undefined;
  /** The machine's network as netplan's YAML, which the boot image's scripts have set; undefined means DHCP. */
  networkConfig: string | undefined;
}

// boot.json as netboot writes it has less than 4 KiB.
const textLimit = 64 << 10;
const tokenLimit = 256;

/**
 * Reads boot.json (undefined if there is none) and the kernel command line. Its farrier.endpoint, farrier.netboot and
 * farrier.token take precedence, and its farrier.ca_sha256 must be the digest of the certificate.
 * @throws {AgentError} `init_invalid`, naming the field and what was expected
 */
export function bootConfigurationRead(json: string | undefined, commandLine: string): BootConfiguration {
  const file = json === undefined ? {} : objectOf(json);
  const line = commandLineRead(commandLine);
  const endpoint = line.get("farrier.endpoint") ?? textOf(file, "endpoint");
  if (endpoint === undefined) {
    throw invalid(
      json === undefined
        ? "there is neither /etc/farrier/boot.json nor farrier.endpoint on the kernel's command line: boot through " +
            "`farrier netboot`, which gives the first"
        : 'boot.json has no "endpoint", expected HOST:PORT of the agent API',
    );
  }
  const netboot = line.get("farrier.netboot") ?? textOf(file, "netboot");
  const token = line.get("farrier.token") ?? textOf(file, "token");
  if (token !== undefined && token.length > tokenLimit) {
    throw invalid(`"token" has ${token.length} characters, expected at most ${tokenLimit}`);
  }
  return {
    endpoint: endpointCheck(endpoint),
    caCertificate: certificateRead(textOf(file, "caCertificate"), line.get("farrier.ca_sha256")),
    netboot: netboot === undefined ? undefined : netbootCheck(netboot),
    token,
    networkConfig: textOf(file, "networkConfig"),
  };
}

function invalid(message: string, cause?: unknown): AgentError {
  return new AgentError("init_invalid", message, cause === undefined ? {} : { cause });
}

function objectOf(json: string): Record<string, unknown> {
  if (json.length > textLimit) {
    throw invalid(`boot.json has ${json.length} characters, expected at most ${textLimit}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message quotes its input, which may contain the token.
    throw invalid("boot.json is not JSON, expected an object with endpoint, caCertificate, netboot and token");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid("boot.json is not a JSON object, expected one with endpoint, caCertificate, netboot and token");
  }
  return value as Record<string, unknown>;
}

/** Unknown fields of a newer version are ignored. */
function textOf(file: Record<string, unknown>, name: string): string | undefined {
  const value = file[name];
  if (value === undefined || value === null || value === "") {
    return undefined;
  }
  if (typeof value !== "string") {
    throw invalid(`"${name}" of boot.json is a ${typeof value}, expected text`);
  }
  return value;
}

function endpointCheck(endpoint: string): string {
  try {
    const { host, port } = parseHostPort(endpoint);
    if (host === "" || port === 0) {
      throw new RangeError("it names no host, or port 0");
    }
    return endpoint;
  } catch (cause) {
    throw invalid(`"endpoint" is "${endpoint}", expected HOST:PORT of the agent API`, cause);
  }
}

function netbootCheck(netboot: string): string {
  const url = URL.parse(netboot);
  if (url === null || url.protocol !== "http:" || url.search !== "" || url.hash !== "") {
    throw invalid(`"netboot" is "${netboot}", expected http://HOST:PORT`);
  }
  return netboot.replace(/\/+$/u, "");
}

function certificateRead(base64: string | undefined, expectedDigest: string | undefined): Uint8Array {
  const certificate = Buffer.from(base64 ?? "", "base64");
  if (base64 !== undefined) {
    try {
      void new X509Certificate(certificate);
    } catch (error) {
      throw invalid(
        `"caCertificate" of boot.json is not a certificate, expected its DER in base64: ${describeError(error)}`,
      );
    }
  }
  const digest = createHash("sha256").update(certificate).digest("hex");
  if (expectedDigest !== undefined && digest !== expectedDigest.toLowerCase()) {
    throw invalid(
      `the certificate in boot.json has the SHA-256 ${digest}, but farrier.ca_sha256 on the kernel's command line is ` +
        `${expectedDigest}: one of the two is not from this control plane`,
    );
  }
  return certificate;
}
