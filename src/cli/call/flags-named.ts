import { shownValue } from "../../lib/net/shown-url.ts";

/** Fields that are arguments where the command has no flag for them, and are written so. */
const argumentNames: Readonly<Record<string, string>> = { url: "URL", key_ids: "KEY" };

/** Fields that are arguments of all commands that have them. */
const positional = new Set(["machine", "token", "key", "tag"]);

/**
 * Fields whose flag has another name; of several, the first that the command has. Indexes into lists are left out.
 */
const flagNames: Readonly<Record<string, string | readonly string[]>> = {
  labels: "label",
  set_labels: "label",
  remove_labels: "remove-label",
  add_macs: "mac",
  remove_macs: "remove-mac",
  methods: "method",
  actor_kinds: "by",
  events: ["events", "event"],
  causes: "cause",
  allowed: "for",
  seconds: "for",
  user_name: "user",
  secret: "secret-file",
  password: "password-file",
  confirmed: "yes",
  is_public: "public",
  include_rejected: "rejected",
  hardware_groups: "hardware",
  deadline_missed: "overdue",
  from_start: "since",
  from: "since",
  network_config: ["network-config", "network"],
  page_size: "limit",
  states: "state",
  providers: "provider",
  expires_in_seconds: "expires",
  macs: "mac",
  image: "image",
  "image.url": "image",
  "image.root_disk": "disk",
  "image.size_bytes": "size",
  "image.ca_certificates": "image-ca",
  "image.token_host": "image-token-host",
  "image.signature.public_key": "minisign-key or --cosign-key",
  "image.signature.format": "minisign-key or --cosign-key",
  "digest_from.url": "digest-from",
  "digest_from.list": "digest-from",
  "digest_from.signature": "key",
  sources: "source",
  keys: "minisign-key or --cosign-key",
  replace_generation: "replace",
  values: "set",
  event_ids: "event",
  cursor: ["since", "cursor"],
  stop_after_percent: "stop-after",
  "window.from": "window",
  "window.to": "window",
  "spec.root_disk": "disk",
  "spec.ssh_keys": "ssh-key",
  "spec.retry.attempts": "retry-attempts",
  "spec.retry.initial_seconds": "retry-initial",
  "spec.retry.maximum_seconds": "retry-maximum",
  private_allowed: "allow-private",
  ca_certificates: ["ca", "image-ca"],
  token_host: "image-token-host",
  retry: "retry-attempts",
  "retry.attempts": "retry-attempts",
  "retry.initial_seconds": "retry-initial",
  "retry.maximum_seconds": "retry-maximum",
};

/** Fields that the server's sentences name in passing, such as "set replace". */
const inSentences: Readonly<Record<string, string>> = {
  "set ignore_hardware_report": "give --ignore-hardware-report",
  "set replace_generation": "give --replace",
  serial_number: "serial number (serial=…)",
  private_allowed: "--allow-private",
  clear_text: "--clear-text",
  accept_new: "--ssh-accept-new",
  from_start: "with --since start",
  "with include_existing": "without --cursor",
};
const withinSentences = new RegExp(`\\b(?:${Object.keys(inSentences).join("|")})\\b`, "gu");

/**
 * Replaces the names of message fields in a server's error, such as `image.root_disk`, with the flags of the command
 * line and the values that were given. `input` is the message that was sent; `flags` are those of the command, as they
 * are typed: a field without one is named in words. Pure.
 */
export function flagsNamed(message: string, input: object | undefined, flags?: readonly string[]): string {
  const named = fieldsNamed(message, input, (path, fields) =>
    positional.has(path) ? path : fieldName(fields, flags === undefined ? undefined : new Set(flags)),
  );
  return named.replaceAll(withinSentences, (whole) => inSentences[whole] ?? whole);
}

/**
 * Replaces the names of message fields in a server's error with what `nameOf` calls them, and the values that were
 * given. `fields` is the path without indexes into lists. Pure.
 */
export function fieldsNamed(
  message: string,
  input: object | undefined,
  nameOf: (path: string, fields: readonly string[]) => string,
): string {
  return message.replaceAll(
    /(?<=^|; )(?<path>[a-z][a-z_0-9]*(?:\.[a-z_0-9]+)*): /gu,
    (whole, path: string) => fieldOf(path, input, nameOf) ?? whole,
  );
}

/** The name of a field, with its value if that is text; undefined if the message has no such field. */
function fieldOf(
  path: string,
  input: object | undefined,
  nameOf: (path: string, fields: readonly string[]) => string,
): string | undefined {
  const parts = path.split(".");
  if (input === undefined || !Object.hasOwn(input, localName(parts[0] ?? ""))) {
    return undefined;
  }
  const fields = parts.filter((part) => !/^\d+$/u.test(part));
  const name = nameOf(path, fields);
  const value = parts.reduce<unknown>(
    (at, part) =>
      typeof at === "object" && at !== null ? (at as Record<string, unknown>)[localName(part)] : undefined,
    input,
  );
  return typeof value === "string" ? `${name} ${JSON.stringify(shownValue(value))}: ` : `${name}: `;
}

/** The flag of a field, with its dashes, or words for it. Finds the longest prefix of the path that has a name. */
function fieldName(fields: readonly string[], flags: ReadonlySet<string> | undefined): string {
  for (const name of flagCandidates(fields)) {
    // A name may be two flags of the command.
    if (flags === undefined || name.split(" or --").every((flag) => flags.has(flag))) {
      return `--${name}`;
    }
  }
  const last = fields.at(-1) ?? "";
  return argumentNames[last] ?? last.replaceAll("_", " ");
}

function flagCandidates(fields: readonly string[]): string[] {
  const own = (fields.at(-1) ?? "").replaceAll("_", "-");
  for (let length = fields.length; length > 0; length -= 1) {
    const known = flagNames[fields.slice(0, length).join(".")];
    // All other fields of an image have a flag of the same name.
    if (known !== undefined && !(length === 1 && fields.length > 1 && fields[0] === "image")) {
      return [...(typeof known === "string" ? [known] : known), own];
    }
  }
  return [own];
}

function localName(field: string): string {
  return field.replaceAll(/_(?<letter>[a-z])/gu, (_, letter: string) => letter.toUpperCase());
}
