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
import { imageDigest, imageDigestExpected, imageReference } from "../../src/contract/image-reference.ts";

/** Maximum bytes of each cloud-init file, as the control plane has it. */
export const seedFileMost = 256 * 1024;

/** What is typed. */
export interface InstallForm {
  url: string;
  digest: string;
  /** As the command line takes it: "serial=S1". */
  selector: string;
  /** Text of a minisign or cosign public key; "" demands no signature. */
  signatureKey: string;
  format: ImageFormat;
  compression: Compression;
  /** Bytes after unpacking; 0 means unknown. */
  sizeBytes: bigint;
  userData: Uint8Array<ArrayBuffer>;
  networkConfig: Uint8Array<ArrayBuffer>;
  grow: boolean;
  readBack: boolean;
  /** Further tries after an error. */
  attempts: string;
  /** Replace the pending generation. */
  replace: boolean;
  /** Accept a selector that the hardware report contradicts. */
  ignoreReport: boolean;
}

/** An empty form. */
export const emptyInstallForm: InstallForm = {
  url: "",
  digest: "",
  selector: "",
  signatureKey: "",
  format: ImageFormat.UNSPECIFIED,
  compression: Compression.UNSPECIFIED,
  sizeBytes: 0n,
  userData: new Uint8Array(),
  networkConfig: new Uint8Array(),
  grow: false,
  readBack: false,
  attempts: "0",
  replace: false,
  ignoreReport: false,
};

/** Fields that a problem can be about. */
export type InstallField =
  | "url"
  | "digest"
  | "selector"
  | "signatureKey"
  | "userData"
  | "networkConfig"
  | "attempts"
  | "sizeBytes";

/** What is wrong, by field; an empty field is "missing". Empty if it can be sent. Pure. */
export function installProblems(form: InstallForm): Partial<Record<InstallField, string>> {
  const problems: Partial<Record<InstallField, string>> = {};
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
  for (const name of ["userData", "networkConfig"] as const) {
    if (form[name].length > seedFileMost) {
      problems[name] = `${form[name].length} bytes: expected at most ${seedFileMost}`;
    }
  }
  if (!/^(?:\d|[1-9]\d|100)$/u.test(form.attempts)) {
    problems.attempts = "expected a number from 0 to 100";
  }
  return problems;
}

/** The image's message of a form without problems. Pure. */
export function installImageOf(form: InstallForm): ImageInstallation {
  const key = form.signatureKey.trim();
  return create(ImageInstallationSchema, {
    url: form.url.trim(),
    digest: form.digest.trim(),
    rootDisk: create(DiskSelectorSchema, diskSelectorParse(form.selector)),
    format: form.format,
    compression: form.compression,
    sizeBytes: form.sizeBytes,
    userData: form.userData,
    networkConfig: form.networkConfig,
    grow: form.grow,
    readBack: form.readBack,
    ...(key === ""
      ? {}
      : {
          signature: {
            // cosign's keys are PEM; minisign's are a comment and a line of base64.
            format: key.startsWith("-----BEGIN") ? SignatureFormat.COSIGN : SignatureFormat.MINISIGN,
            publicKey: new TextEncoder().encode(`${key}\n`),
          },
        }),
  });
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
  const name = /^image\.(?<field>[a-z_]+)/u.exec(message)?.groups?.["field"];
  const fields: Readonly<Record<string, InstallField>> = {
    url: "url",
    digest: "digest",
    root_disk: "selector",
    size_bytes: "selector",
    signature: "signatureKey",
    user_data: "userData",
    network_config: "networkConfig",
  };
  return name === undefined || !Object.hasOwn(fields, name) ? undefined : fields[name];
}
