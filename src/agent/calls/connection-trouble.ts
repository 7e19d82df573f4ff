// Says why a call did not reach a control plane. The gRPC library passes on the texts of Node and OpenSSL alone, without
// their codes, so they are recognised by their words.

/** The control plane as the init file names it. */
export interface ConnectionTarget {
  /** "HOST:PORT". */
  endpoint: string;
  /** The init file has a CA; otherwise the system's roots count. */
  ownCa: boolean;
}

type Words = (target: ConnectionTarget, found: RegExpExecArray, now: Date) => string;

const newInitFile = "make a new init file where its operators work: `farrier agent init --help` says how";
const wrongCertificate: Words = ({ endpoint, ownCa }) =>
  `the certificate of ${endpoint} is not from ${ownCa ? "the CA in the init file" : "a CA that this machine trusts"}: is it another control plane? If not, ${newInitFile}`;
const unreachable: Words = ({ endpoint }, [code]) =>
  `${endpoint} can't be reached (${code}): check route, firewall and address`;

const troubles: readonly (readonly [RegExp, Words])[] = [
  [
    /ECONNREFUSED/u,
    ({ endpoint }) =>
      `nothing listens on ${endpoint} (ECONNREFUSED): check that the control plane runs, and its address`,
  ],
  [/EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT/u, unreachable],
  [
    /ECONNRESET|EPIPE|ECONNABORTED|socket disconnected before secure TLS connection/u,
    ({ endpoint }) => `${endpoint} closed the connection at once: check that it is the agent port, and not another`,
  ],
  [
    /Name resolution failed|ENOTFOUND|EAI_AGAIN/u,
    ({ endpoint }) =>
      `the name of ${endpoint} has no address here: check its spelling, and this machine's name server (DNS)`,
  ],
  [
    /certificate has expired|certificate is not yet valid/u,
    ({ endpoint }, [what], now) =>
      `the certificate of ${endpoint}, or its CA's, ${what === "certificate has expired" ? "has expired" : "is not valid yet"} by this machine's clock, ${now.toISOString()}: renew it, or set the clock`,
  ],
  [
    /does not match certificate's altnames: (?<which>[^]*?)\. Resolution note/u,
    ({ endpoint }, found) =>
      `the certificate of ${endpoint} is for another name (${found.groups?.["which"] ?? ""}): start the control plane with --server-name and this name, or ${newInitFile}`,
  ],
  [
    /self-signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate|certificate signature failure|invalid CA certificate|certificate not trusted/u,
    wrongCertificate,
  ],
  [
    /wrong version number|packet length too long|http request/u,
    ({ endpoint }) =>
      `what listens on ${endpoint} does not speak TLS: check that it is the agent port, and not another`,
  ],
  [
    /alert protocol version|unsupported protocol|handshake failure|no shared cipher/u,
    ({ endpoint }) =>
      `${endpoint} and this agent have no TLS version or cipher in common: the agent speaks TLS 1.2 and 1.3`,
  ],
  [
    /Last error: Protocol error/u,
    ({ endpoint }) =>
      `what listens on ${endpoint} does not speak HTTP/2: check that it is the agent port, and not another`,
  ],
  [
    /Waiting for LB pick/u,
    ({ endpoint }) => `${endpoint} does not answer: check that the control plane runs, and its address`,
  ],
];

/**
 * Why a call failed before anything answered it as a control plane does, and what to do; undefined if the gRPC library's
 * text is no such failure. Pure.
 */
export function connectionTrouble(details: string, target: ConnectionTarget, now: Date): string | undefined {
  if (!/^(?:No connection established|Name resolution failed|Deadline exceeded)/u.test(details)) {
    return undefined;
  }
  for (const [pattern, words] of troubles) {
    const found = pattern.exec(details);
    if (found !== null) {
      return words(target, found, now);
    }
  }
  return undefined;
}

/**
 * What answered in place of a control plane, such as a proxy between: HTTP without gRPC, whose statuses the gRPC library
 * translates into its own. Undefined for an answer of a control plane. Pure.
 * @param largest the largest answer in bytes that the client takes; text that is read as gRPC seems to be larger
 */
export function foreignAnswer(details: string, { endpoint }: ConnectionTarget, largest: number): string | undefined {
  const status = /^Received HTTP status code (?<status>\d+)/u.exec(details)?.groups?.["status"];
  if (status === undefined && !details.endsWith(` vs ${largest})`)) {
    return undefined;
  }
  const what = status === undefined ? "no gRPC" : `HTTP status ${status}`;
  return `what answers at ${endpoint} is no control plane (${what}): check for a proxy in between, and the address`;
}
