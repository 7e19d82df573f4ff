import { toJson } from "@bufbuild/protobuf";
import {
  InstallationRequestResponseSchema,
  type InstallationRequestResponse,
} from "../../../gen/farrier/operator/v1/installation_pb.ts";
import type { CliContext } from "../context.ts";
import { CliError, exitStatus } from "../errors.ts";
import { installDry, type InstallPlan } from "./install-one.ts";
import type { InstallTarget } from "./install-targets.ts";
import { bytesText } from "../../lib/format/bytes.ts";
import { printable } from "../../lib/format/printable.ts";

/** `install --dry-run`: prints for each machine which disk would be written. Requests nothing. */
export async function installPreview(
  { process }: CliContext,
  plan: InstallPlan,
  targets: readonly InstallTarget[],
  json: boolean,
): Promise<void> {
  const documents: unknown[] = [];
  process.exitCode = 0;
  for (const target of targets) {
    try {
      // One call after the other, so that the output keeps the order of the arguments.
      const response = await installDry(plan, target);
      documents.push(toJson(InstallationRequestResponseSchema, response));
      if (!json) {
        previewLines(target.title, response).forEach((line) => process.stdout.write(`${printable(line)}\n`));
      }
    } catch (error) {
      if (!(error instanceof CliError)) {
        throw error;
      }
      process.exitCode = exitStatus[error.code];
      documents.push({ machineId: target.id, error: error.message });
      if (!json) {
        process.stderr.write(`${printable(`farrier: ${target.title}: ${error.message}`)}\n`);
      }
    }
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ installations: documents }, null, 2)}\n`);
  }
}

/** The preview of one machine, in words. */
export function previewLines(
  title: string,
  { plan, warnings, profile, image }: Pick<InstallationRequestResponse, "plan" | "warnings" | "profile" | "image">,
): string[] {
  const lines: string[] = profile === "" ? [] : [`${title}: by profile ${profile}, image ${image}`];
  if (plan?.disk !== undefined) {
    const { name, vendor, model, serialNumber, capacityBytes } = plan.disk;
    const what = [vendor, model, serialNumber === "" ? "" : `serial ${serialNumber}`].filter((text) => text !== "");
    const size = plan.imageSizeBytes === 0n ? "the image" : `the image (${bytesText(plan.imageSizeBytes)})`;
    lines.push(`${title}: would write ${size} to ${name} (${[...what, bytesText(capacityBytes)].join(", ")})`);
  } else {
    lines.push(`${title}: would be requested; the disk is not known yet`);
  }
  if (plan?.overwrites !== undefined) {
    lines.push(`${title}: would overwrite generation ${plan.overwrites.generation}`);
  }
  return [...lines, ...warnings.map((warning) => `${title}: ${warning}`)];
}
