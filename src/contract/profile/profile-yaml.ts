import { stringify } from "yaml";
import type { ProfileSpec } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { diskSelectorWords } from "../disk-selector-text.ts";

/** A profile as the text of its file, which {@link profileTextParse} reads back. Pure. */
export function profileYaml(name: string, spec: ProfileSpec): string {
  const { retry, expect, values } = spec;
  const file = {
    name,
    image: spec.image,
    disk: diskSelectorWords(spec.rootDisk),
    grow: spec.grow || undefined,
    read_back: spec.readBack || undefined,
    user: spec.user || undefined,
    ssh_keys: spec.sshKeys.length === 0 ? undefined : spec.sshKeys,
    retry:
      retry === undefined
        ? undefined
        : {
            attempts: retry.attempts,
            initial: secondsText(retry.initialSeconds),
            maximum: secondsText(retry.maximumSeconds),
            exponent: retry.exponent || undefined,
          },
    expect: expect === undefined ? undefined : { came_up: expect.cameUp, within: secondsText(expect.withinSeconds) },
    values:
      values.length === 0
        ? undefined
        : Object.fromEntries(values.map(({ name: value, default: usual }) => [value, usual ?? null])),
    user_data: spec.userData || undefined,
    network_config: spec.networkConfig || undefined,
  };
  return stringify(file, { lineWidth: 0, keepUndefined: false });
}

function secondsText(seconds: number): string | undefined {
  return seconds === 0 ? undefined : `${seconds}s`;
}
