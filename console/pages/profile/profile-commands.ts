import { ProfileService, type ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";
import { fileLines } from "../../commands/twins.ts";

/** Makes a profile what a text says. @param text the profile's file, for the command line */
export function profileApplyPrepare(name: string, spec: ProfileSpec, text: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: ProfileService.method.profileApply,
    message: { requestId, name, spec },
    words: (message) => ["profile", "apply", "-f", `${message.name}.yaml`, "--request-id", message.requestId],
    files: (message) => fileLines(`${message.name}.yaml`, new TextEncoder().encode(text)),
    done: ({ profile, changed, warnings }) =>
      [
        profile === undefined || !changed
          ? `${name} says this already`
          : `${versionText(name, profile.version)} is applied`,
        ...warnings,
      ].join("; "),
  });
}

/** Deletes a profile with all of its versions. */
export function profileDeletePrepare(name: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: ProfileService.method.profileDelete,
    message: { requestId, name },
    words: (message) => ["profile", "delete", message.name, "--request-id", message.requestId],
    done: ({ versions }) => `${name} is deleted: ${versions} ${versions === 1 ? "version" : "versions"}`,
  });
}
