// Why an installation failed, in one word: the agent reports it with its error text, and remedies and documentation
// refer to it.

/** Every cause. docs/installation-failures.md has a section on each. */
export const failureCauses = [
  /** The server has no such file. */
  "image-not-found",
  /** The server or the registry asks for credentials. */
  "image-forbidden",
  /** The server answers with a server error. */
  "image-server-error",
  /** No connection, or no answer. */
  "image-unreachable",
  /** The bytes come too slowly. */
  "image-too-slow",
  /** The server's certificate is not trusted. */
  "image-certificate",
  /** The server redirects to a forbidden address. */
  "image-redirect",
  /** The file changed while it was fetched. */
  "image-changed",
  /** A web page, or nothing, instead of an image. */
  "not-an-image",
  "wrong-digest",
  "wrong-signature",
  /** It can't be unpacked, parsed or booted. */
  "image-damaged",
  /** The agent can't do what was requested. */
  "unsupported",
  "request-invalid",
  /** No disk matches, or several. */
  "disk-selector",
  "disk-busy",
  "disk-too-small",
  "disk-failed",
  "program-failed",
  /** The control plane did not let the agent write. */
  "not-acknowledged",
  /** Several runs of the agent began, and none reported. */
  "runs-exhausted",
  "other",
] as const;

/** Why an installation failed. */
export type FailureCause = (typeof failureCauses)[number];

// Agents of the original system, and older ones of Farrier, report only a text.
const byText: readonly (readonly [RegExp, FailureCause])[] = [
  [/has the digest sha256:.*expected sha256:/u, "wrong-digest"],
  [/ answered (?:404|410)\b/u, "image-not-found"],
  [/ answered (?:401|403|407)\b/u, "image-forbidden"],
  [/ answered (?:[45]\d\d)\b/u, "image-server-error"],
  [/ answered with (?:an HTML page|an empty file)/u, "not-an-image"],
  [/ was changed while it was fetched/u, "image-changed"],
  [/(?:cannot be fetched|broke off).*certificate/u, "image-certificate"],
  [/ (?:redirects to|was redirected more|leads to the) /u, "image-redirect"],
  [/ cannot be fetched|did not answer within|no byte came|transfer (?:broke off|ended)/u, "image-unreachable"],
  [/bytes came in .* the least is/u, "image-too-slow"],
  [/disks? match(?:es)? |which disk to write/u, "disk-selector"],
  [/^disk .* is in use/u, "disk-busy"],
  [/^disk .* has \d+ bytes|takes .* larger disk/u, "disk-too-small"],
  [/does not hold what was written|^writing .* failed/u, "disk-failed"],
  [/the signature/u, "wrong-signature"],
  [/cannot be unpacked|the qcow2 image|partition table|unpacks to/u, "image-damaged"],
  [/^the program /u, "program-failed"],
];

/** The cause that a report names, or that its text implies. Pure. */
export function failureCause(said: string, error: string): FailureCause {
  const known = failureCauses.find((cause) => cause === said);
  return known ?? byText.find(([pattern]) => pattern.test(error))?.[1] ?? "other";
}
