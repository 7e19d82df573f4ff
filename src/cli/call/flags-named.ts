import { shownUrl } from "../../lib/net/shown-url.ts";

/** Fields that are positional arguments, not flags. */
const positional = new Set(["machine", "token", "key", "tag"]);

/** Fields whose flag has another name. Indexes into lists are left out. */
const flagNames: Readonly<Record<string, string>> = {
  labels: "label",
  set_labels: "label",
  remove_labels: "remove-label",
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
  cursor: "since",
  stop_after_percent: "stop-after",
  "window.from": "window",
  "window.to": "window",
  "spec.root_disk": "disk",
  "spec.ssh_keys": "ssh-key",
  "spec.retry.attempts": "retry-attempts",
  "spec.retry.initial_seconds": "retry-initial",
  "spec.retry.maximum_seconds": "retry-maximum",
  private_allowed: "allow-private",
  ca_certificates: "ca",
  retry: "retry-attempts",
  "retry.attempts": "retry-attempts",
  "retry.initial_seconds": "retry-initial",
  "retry.maximum_seconds": "retry-maximum",
};

/** Fields that the server's sentences name in passing, such as "set replace". */
const withinSentences = /\b(?:set )?(?<field>ignore_hardware_report|replace_generation|serial_number)\b/gu;
const inSentences: Readonly<Record<string, string>> = {
  ignore_hardware_report: "give --ignore-hardware-report",
  replace_generation: "give --replace",
  serial_number: "serial number (serial=…)",
};

/**
 * Replaces the names of message fields in a server's error, such as `image.root_disk`, with the flags of the command
 * line and the values that were given. `input` is the message that was sent. Pure.
 */
export function flagsNamed(message: string, input: object | undefined): string {
  const named = fieldsNamed(message, input, (path, fields) => (positional.has(path) ? path : `--${flagName(fields)}`));
  return named.replaceAll(withinSentences, (whole, field: string) => inSentences[field] ?? whole);
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
  return typeof value === "string"
    ? `${name} ${JSON.stringify(value.includes("://") ? shownUrl(value) : value)}: `
    : `${name}: `;
}

/** Finds the longest prefix of the path that has a name in `flagNames`. */
function flagName(fields: readonly string[]): string {
  for (let length = fields.length; length > 0; length -= 1) {
    const known = flagNames[fields.slice(0, length).join(".")];
    // All other fields of an image have a flag of the same name.
    if (known !== undefined && !(length === 1 && fields.length > 1 && fields[0] === "image")) {
      return known;
    }
  }
  return (fields.at(-1) ?? "").replaceAll("_", "-");
}

function localName(field: string): string {
  return field.replaceAll(/_(?<letter>[a-z])/gu, (_, letter: string) => letter.toUpperCase());
}
