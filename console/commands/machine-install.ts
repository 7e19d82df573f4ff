import { create } from "@bufbuild/protobuf";
import {
  Compression,
  ImageFormat,
  SignatureFormat,
  type ImageInstallation,
} from "../../gen/farrier/agent/v1/image/image_pb.ts";
import {
  InstallationRequestRequestSchema,
  InstallationService,
  type InstallationRequestRequest,
} from "../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState, type Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { diskSelectorWords } from "../../src/contract/disk-selector-text.ts";
import { machineNameOrId } from "./command.ts";
import { installImageOf, installRetryOf, type InstallForm } from "./install-form.ts";
import { prepare, type PreparedCommand } from "./prepared.ts";
import { fileLines } from "./twins.ts";

/** The message of the installation of one machine. Pure. */
export function installMessage(
  machine: Pick<Machine, "id" | "installation">,
  form: InstallForm,
  requestId: string,
): InstallationRequestRequest {
  const pending = machine.installation?.state === InstallationState.PENDING ? machine.installation.generation : 0n;
  const retry = installRetryOf(form);
  return create(InstallationRequestRequestSchema, {
    requestId,
    machine: machine.id,
    ...(form.by === "profile"
      ? { profile: form.profile, values: { ...form.values } }
      : { image: installImageOf(form) }),
    replaceGeneration: form.replace ? pending : 0n,
    ignoreHardwareReport: form.ignoreReport,
    ...(retry === undefined ? {} : { retry }),
  });
}

/** The installation of one machine, ready to be sent. */
export function installPrepare(machine: Machine, form: InstallForm, requestId: string): PreparedCommand {
  return prepare({
    machineId: machine.id,
    title: machineNameOrId(machine),
    method: InstallationService.method.installationRequest,
    message: installMessage(machine, form, requestId),
    words: (message) => installWords(machineNameOrId(machine), message),
    files: ({ image }) => seedFiles(image).flatMap(({ name, bytes }) => fileLines(name, bytes)),
    done: ({ generation, warnings }) => [`generation ${generation} is requested`, ...warnings].join("; "),
  });
}

const formats: Partial<Record<ImageFormat, string>> = { [ImageFormat.RAW]: "raw", [ImageFormat.QCOW2]: "qcow2" };
const compressions: Partial<Record<Compression, string>> = {
  [Compression.NONE]: "none",
  [Compression.GZIP]: "gzip",
  [Compression.ZSTD]: "zstd",
  [Compression.XZ]: "xz",
};

function installWords(title: string, message: InstallationRequestRequest): string[] {
  const { image, requestId, retry, replaceGeneration, ignoreHardwareReport } = message;
  const format = formats[image?.format ?? 0];
  const compression = compressions[image?.compression ?? 0];
  return [
    ...["machine", "install", title],
    ...(message.profile === ""
      ? ["--image", image?.url ?? "", "--digest", image?.digest ?? "", "--disk", diskSelectorWords(image?.rootDisk)]
      : ["--profile", message.profile]),
    ...Object.entries(message.values).flatMap(([name, value]) => ["--set", `${name}=${value}`]),
    ...seedFiles(image).flatMap(({ flag, name }) => [flag, name]),
    ...(image?.tokenHost ?? []).flatMap((host) => ["--image-token-host", host]),
    ...(image?.grow === true ? ["--grow"] : []),
    ...(image?.readBack === true ? ["--read-back"] : []),
    ...(format === undefined ? [] : ["--format", format]),
    ...(compression === undefined ? [] : ["--compression", compression]),
    ...(image === undefined || image.sizeBytes === 0n ? [] : ["--size", String(image.sizeBytes)]),
    ...(retry === undefined ? [] : ["--retry-attempts", String(retry.attempts)]),
    ...(retry === undefined || retry.initialSeconds === 0 ? [] : ["--retry-initial", `${retry.initialSeconds}s`]),
    ...(retry === undefined || retry.maximumSeconds === 0 ? [] : ["--retry-maximum", `${retry.maximumSeconds}s`]),
    ...(replaceGeneration === 0n ? [] : ["--replace"]),
    ...(ignoreHardwareReport ? ["--ignore-hardware-report"] : []),
    ...["--request-id", requestId],
  ];
}

/** What an argument can't hold, as files. */
function seedFiles(image: ImageInstallation | undefined): { flag: string; name: string; bytes: Uint8Array }[] {
  const cosign = image?.signature?.format === SignatureFormat.COSIGN;
  return [
    { flag: "--user-data", name: "user-data", bytes: image?.userData },
    { flag: "--meta-data", name: "meta-data", bytes: image?.metaData },
    { flag: "--network-config", name: "network-config", bytes: image?.networkConfig },
    { flag: cosign ? "--cosign-key" : "--minisign-key", name: "image-key.pub", bytes: image?.signature?.publicKey },
    { flag: "--signature", name: "image.sig", bytes: image?.signature?.signature },
    { flag: "--image-ca", name: "image-ca.pem", bytes: image?.caCertificates },
  ].flatMap(({ bytes, ...rest }) => (bytes === undefined || bytes.length === 0 ? [] : [{ ...rest, bytes }]));
}
