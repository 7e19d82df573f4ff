import type { Profile, ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { diskSelectorWords } from "../../contract/disk-selector-text.ts";
import { when } from "./describe.ts";

/** NAME@VERSION. */
export function profileTitle({ name, version }: Pick<Profile, "name" | "version">): string {
  return versionText(name, version);
}

/** A profile's lines for people. */
export function profileLines(profile: Profile, spec: ProfileSpec, now: Date): string {
  const lines: string[] = [];
  const line = (title: string, value: string): void => {
    if (value !== "") {
      lines.push(`${title.padEnd(16)}${value}\n`);
    }
  };
  const { retry, expect, rootDisk } = spec;
  line("profile", profileTitle(profile));
  line("applied", `${when(profile.appliedAt, now)} by ${profile.appliedBy}`);
  line("image", spec.image);
  line("disk", rootDisk === undefined ? "" : diskSelectorWords(rootDisk));
  line("grow", spec.grow ? "yes" : "");
  line("read back", spec.readBack ? "yes" : "");
  line("retries", retry === undefined ? "" : String(retry.attempts));
  line("expects", expect?.cameUp === true ? `that it came up within ${expect.withinSeconds || 900} s` : "");
  line("user", spec.user);
  spec.sshKeys.forEach((key) => line("ssh key", key));
  spec.values.forEach(({ name, default: usual }) =>
    line("value", usual === undefined ? name : `${name} (default: ${usual})`),
  );
  for (const [title, text] of [
    ["user data", spec.userData],
    ["network config", spec.networkConfig],
  ] as const) {
    if (text !== "") {
      lines.push(`\n${title}:\n${text}${text.endsWith("\n") ? "" : "\n"}`);
    }
  }
  return lines.join("");
}
