// What is typed into the install dialog, and the message that is made from it.
import { create } from "@bufbuild/protobuf";
import {
  Compression,
  DiskSelectorSchema,
  ImageFormat,
  ImageInstallationSchema,
  SignatureFormat,
  type ImageInstallation,
} from "../../gen/farrier/agent/v1/image/image_pb.ts";
import { diskSelectorParse } from "../../src/contract/disk-selector-text.ts";
import { versionReference } from "../../src/contract/catalogue/catalogue-reference.ts";
import { imageDigest, imageDigestExpected, imageReference, isUrlHost } from "../../src/contract/image-reference.ts";
import { parseSeconds } from "../../src/lib/format/parse-seconds.ts";

/** Maximum bytes of each cloud-init file, as the control plane has it. */
export const seedFileMost = 256 * 1024;

/** What is typed. */
export interface InstallForm {
  /** Whether the fields of an image count, or the profile with its values. */
  by: "image" | "profile";
  /** NAME or NAME@VERSION. */
  profile: string;
  /** Values for the profile's templates; those that are not in it have their defaults. */
  values: Readonly<Record<string, string>>;
  url: string;
  digest: string;
  /** As the command line takes it: "serial=S1". */
  selector: string;
  /** Text of a minisign or cosign public key; "" demands no signature. */
  signatureKey: string;
  /** Text of the signature; "" = fetched from beside the image. */
  signature: string;
  /** PEM of further CAs for the image server's certificate. */
  caCertificates: string;
  /** Hosts outside the registry's domain that may issue its tokens, one a line. */
  tokenHosts: string;
  format: ImageFormat;
  compression: Compression;
  /** Bytes after unpacking; 0 means unknown. */
  sizeBytes: bigint;
  userData: Uint8Array<ArrayBuffer>;
  metaData: Uint8Array<ArrayBuffer>;
  networkConfig: Uint8Array<ArrayBuffer>;
  grow: boolean;
  readBack: boolean;
  /** Further tries after an error. */
  attempts: string;
  /** Wait before the first further try, as "60s"; "" = the server's. */
  retryInitial: string;
  /** Maximum wait between two tries; "" = the server's. */
  retryMaximum: string;
  /** Replace the pending generation. */
  replace: boolean;
  /** Accept a selector that the hardware report contradicts. */
  ignoreReport: boolean;
}

/** An empty form. */
export const emptyInstallForm: InstallForm = {
  by: "image",
  profile: "",
  values: {},
  url: "",
  digest: "",
  selector: "",
  signatureKey: "",
  signature: "",
  caCertificates: "",
  tokenHosts: "",
  format: ImageFormat.UNSPECIFIED,
  compression: Compression.UNSPECIFIED,
  sizeBytes: 0n,
  userData: new Uint8Array(),
  metaData: new Uint8Array(),
  networkConfig: new Uint8Array(),
  grow: false,
  readBack: false,
  attempts: "0",
  retryInitial: "",
  retryMaximum: "",
  replace: false,
  ignoreReport: false,
};

/** Fields that a problem can be about. */
export type InstallField = Exclude<
  keyof InstallForm,
  "by" | "format" | "compression" | "grow" | "readBack" | "replace" | "ignoreReport"
>;

/** What is wrong, by field. */
export type InstallProblems = Partial<Record<InstallField, string>>;

/** What is wrong, by field; an empty field that is needed is "missing". Empty if it can be sent. Pure. */
export function installProblems(form: InstallForm): InstallProblems {
  return { ...(form.by === "profile" ? profileProblems(form) : imageProblems(form)), ...retryProblems(form) };
}

function profileProblems({ profile }: InstallForm): InstallProblems {
  if (profile === "") {
    return { profile: "missing" };
  }
  return versionReference(profile) === undefined ? { profile: "expected NAME or NAME@VERSION" } : {};
}

function imageProblems(form: InstallForm): InstallProblems {
  const problems: InstallProblems = {};
  const reference = imageReference(form.url.trim());
  if (form.url.trim() === "") {
    problems.url = "missing";
  } else if (reference.kind === "invalid") {
    problems.url = `expected ${reference.expected}`;
  }
  if (form.digest.trim() === "") {
    problems.digest = "missing";
  } else if (imageDigest(form.digest.trim()) === undefined) {
    problems.digest = `expected ${imageDigestExpected}`;
  }
  if (form.selector.trim() === "") {
    problems.selector = "missing";
  } else {
    try {
      diskSelectorParse(form.selector);
    } catch (error) {
      problems.selector = error instanceof Error ? error.message : String(error);
    }
  }
  for (const name of ["userData", "metaData", "networkConfig"] as const) {
    if (form[name].length > seedFileMost) {
      problems[name] = `${form[name].length} bytes: expected at most ${seedFileMost}`;
    }
  }
  if (form.signature.trim() !== "" && form.signatureKey.trim() === "") {
    problems.signature = "needs the key that verifies it: give the signature key too";
  }
  const wrongHost = linesOf(form.tokenHosts).find((host) => !isUrlHost(host));
  if (wrongHost !== undefined) {
    problems.tokenHosts = `"${wrongHost}": expected a host's name, or NAME:PORT`;
  }
  return problems;
}

function retryProblems({ attempts, retryInitial, retryMaximum }: InstallForm): InstallProblems {
  const problems: InstallProblems = {};
  if (!/^(?:\d|[1-9]\d|100)$/u.test(attempts)) {
    problems.attempts = "expected a number from 0 to 100";
  }
  for (const [name, text] of [
    ["retryInitial", retryInitial],
    ["retryMaximum", retryMaximum],
  ] as const) {
    if (text.trim() !== "" && attempts === "0") {
      problems[name] = "needs further tries: give their number";
    } else if (text.trim() !== "") {
      try {
        parseSeconds(text.trim());
      } catch (error) {
        problems[name] = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return problems;
}

/** The retry budget of a form without problems; undefined for none. Pure. */
export function installRetryOf({
  attempts,
  retryInitial,
  retryMaximum,
}: InstallForm): { attempts: number; initialSeconds: number; maximumSeconds: number } | undefined {
  const seconds = (text: string): number => (text.trim() === "" ? 0 : parseSeconds(text.trim()));
  return Number(attempts) === 0
    ? undefined
    : {
        attempts: Number(attempts),
        initialSeconds: seconds(retryInitial),
        maximumSeconds: seconds(retryMaximum),
      };
}

/** The image's message of a form without problems. Pure. */
export function installImageOf(form: InstallForm): ImageInstallation {
  const key = form.signatureKey.trim();
  const given = form.signature.trim();
  const text = new TextEncoder();
  return create(ImageInstallationSchema, {
    url: form.url.trim(),
    digest: form.digest.trim(),
    rootDisk: create(DiskSelectorSchema, diskSelectorParse(form.selector)),
    format: form.format,
    compression: form.compression,
    sizeBytes: form.sizeBytes,
    userData: form.userData,
    metaData: form.metaData,
    networkConfig: form.networkConfig,
    grow: form.grow,
    readBack: form.readBack,
    caCertificates: text.encode(form.caCertificates.trim() === "" ? "" : `${form.caCertificates.trim()}\n`),
    tokenHost: linesOf(form.tokenHosts),
    ...(key === ""
      ? {}
      : {
          signature: {
            // cosign's keys are PEM; minisign's are a comment and a line of base64.
            format: key.startsWith("-----BEGIN") ? SignatureFormat.COSIGN : SignatureFormat.MINISIGN,
            publicKey: text.encode(`${key}\n`),
            signature: text.encode(given === "" ? "" : `${given}\n`),
          },
        }),
  });
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The image in a word: the last part of its address, without the endings of formats: "debian-13". Pure. */
export function imageName(url: string): string {
  const last =
    url
      .split(/[?#]/u)[0]
      ?.split("/")
      .findLast((part) => part !== "") ?? "";
  const name = last.split("@")[0] ?? "";
  return name.replaceAll(/\.(?:raw|img|qcow2|iso|zst|gz|xz|bin)(?=\.|$)/giu, "") || "the image";
}

/** The field that a refusal of the server is about, by the contract's name at its beginning. Pure. */
export function refusedField(message: string): InstallField | undefined {
  const name = /^(?:image\.)?(?<field>[a-z_]+)(?:\.[^:\s]+)?: /u.exec(message)?.groups?.["field"];
  const fields: Readonly<Record<string, InstallField>> = {
    url: "url",
    digest: "digest",
    root_disk: "selector",
    size_bytes: "selector",
    signature: "signatureKey",
    user_data: "userData",
    meta_data: "metaData",
    network_config: "networkConfig",
    ca_certificates: "caCertificates",
    token_host: "tokenHosts",
    profile: "profile",
    values: "profile",
  };
  return name === undefined || !Object.hasOwn(fields, name) ? undefined : fields[name];
}
