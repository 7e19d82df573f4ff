// The image policy: rules that every image must keep. Read by the operator API when an image is named, by the server that
// fetches an image of the catalogue, and by the janitor before it repeats a request.
import { SignatureFormat } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { createHash } from "node:crypto";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { cosignKey, minisignKey } from "../signature-key.ts";
import { sourceAllows } from "./allowed-source.ts";

/** A key of a signature in its one form, so that the same key is the same text. */
export interface ImageKey {
  /** A number of SignatureFormat. */
  format: number;
  /** In base64: minisign's 42 bytes, or the DER of cosign's key. */
  publicKey: string;
}

/** A rule of the image policy. All rules must be kept. */
export type ImageRule =
  /** Images come from one of these. */
  | { kind: "sources"; name: string; sources: readonly string[] }
  /** Images are signed by one of these. */
  | { kind: "keys"; name: string; keys: readonly ImageKey[] }
  /** Operators choose among the catalogue's images, and admins add them. */
  | { kind: "catalogue"; name: string };

/** An image as the rules see it. */
export interface RuledImage {
  url: string;
  /** Other files that are fetched for it, such as the list of digests. */
  besides?: readonly string[];
  /** Keys of the signatures that are checked before it is used. */
  keys: readonly ImageKey[];
  /** By an operator's own choice: `add`ed to the catalogue, or `asked` for by its URL. Absent: neither. */
  chosen?: "add" | "ask" | undefined;
}

/** The key in its one form; undefined if it is not one. Pure. */
export function imageKey(format: number, publicKey: Uint8Array): ImageKey | undefined {
  const bytes = canonical(format, publicKey);
  return bytes === undefined ? undefined : { format, publicKey: Buffer.from(bytes).toString("base64") };
}

/** A key for people: minisign's own number of it, or the beginning of the SHA-256 of cosign's. Pure. */
export function imageKeyTitle({ format, publicKey }: ImageKey): string {
  const bytes = Buffer.from(publicKey, "base64");
  return format === SignatureFormat.MINISIGN
    ? `minisign ${Buffer.from(bytes.subarray(2, 10).toReversed()).toString("hex").toUpperCase()}`
    : `cosign ${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
}

/** Which rule the image breaks, and what to do; undefined if it keeps all. Pure. */
export function imageRuleBroken(rules: readonly ImageRule[], image: RuledImage): string | undefined {
  for (const rule of rules) {
    const problem = broken(rule, image);
    if (problem !== undefined) {
      return `rule "${rule.name}" of the image policy ${problem}; \`farrier policy show\` has all rules`;
    }
  }
  return undefined;
}

/** Why the rules do not allow to follow a redirect to this URL; undefined if they do. Pure. */
export function redirectRuleBroken(rules: readonly ImageRule[], url: URL): string | undefined {
  return imageRuleBroken(
    rules.filter(({ kind }) => kind === "sources"),
    { url: url.href, keys: [] },
  );
}

function broken(rule: ImageRule, image: RuledImage): string | undefined {
  switch (rule.kind) {
    case "sources": {
      const outside = [image.url, ...(image.besides ?? [])].find((url) => !withinOne(rule.sources, url));
      return outside === undefined
        ? undefined
        : `does not allow ${shownUrl(outside)}: it allows ${listed(rule.sources)}. Take an image from there, or have an ` +
            "admin add the source to the rule";
    }
    case "keys":
      return image.keys.some((key) => rule.keys.some((known) => isSameKey(key, known)))
        ? undefined
        : `requires a signature by ${listed(rule.keys.map((key) => imageKeyTitle(key)))}, and ${signedBy(image)}. Give that key ` +
            "with --minisign-key or --cosign-key; an image of the catalogue is added anew with it, or by --digest-from and --key";
    case "catalogue":
      return image.chosen === undefined ? undefined : catalogueOnly[image.chosen];
  }
}

const catalogueOnly = {
  add: "leaves it to admins to add images to the catalogue. Ask an admin to add this one",
  ask:
    "allows operators only images of the catalogue, by a profile. Choose one of `farrier profile list`, or ask an admin to " +
    "request this installation",
} as const;

function withinOne(sources: readonly string[], text: string): boolean {
  const url = URL.parse(text);
  return url !== null && sources.some((source) => sourceAllows(source, url));
}

function isSameKey(one: ImageKey, other: ImageKey): boolean {
  return one.format === other.format && one.publicKey === other.publicKey;
}

function signedBy({ keys }: RuledImage): string {
  return keys.length === 0
    ? "no signature of this image is checked"
    : `this image is signed by ${listed(keys.map((key) => imageKeyTitle(key)))}`;
}

const listedMost = 5;

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, listedMost).join(" or ");
  return texts.length > listedMost ? `${shown} or ${texts.length - listedMost} more` : shown;
}

function canonical(format: number, given: Uint8Array): Uint8Array | undefined {
  switch (format) {
    case SignatureFormat.MINISIGN: {
      const read = minisignKey(given);
      const { x } = read?.key.export({ format: "jwk" }) ?? {};
      return read === undefined || x === undefined
        ? undefined
        : Buffer.concat([Buffer.from("Ed"), read.id, Buffer.from(x, "base64url")]);
    }
    case SignatureFormat.COSIGN:
      return cosignKey(given)?.export({ format: "der", type: "spki" });
    default:
      return undefined;
  }
}
