import { create } from "@bufbuild/protobuf";
import { DiskSelectorSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { ProfileSpecSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { RetryFlags } from "../flags/retry.ts";
import { fileFlagRead } from "../line/file-flag.ts";
import { retryPolicy } from "../line/retry-policy.ts";
import { parseSelector } from "../line/selector.ts";
import { defined } from "../../lib/defined.ts";
import { profileStore } from "./profile-apply.ts";

/** Flags of `farrier profile create`. */
export interface ProfileCreateFlags extends ClientFlags, RetryFlags {
  image: string;
  disk: string;
  sshKey: readonly string[] | undefined;
  user: string | undefined;
  userData: string | undefined;
  networkConfig: string | undefined;
  grow: boolean | undefined;
  readBack: boolean | undefined;
  requestId: string | undefined;
}

const templateLimit = 256 * 1024;
const keyLimit = 16 * 1024;

/** `farrier profile create` */
export async function profileCreateAction(this: CliContext, flags: ProfileCreateFlags, name: string): Promise<void> {
  const text = async (flag: string, path: string | undefined, limit: number): Promise<string> =>
    Buffer.from(await fileFlagRead(flag, path, limit)).toString("utf8");
  const keys = await Promise.all((flags.sshKey ?? []).map((path) => text("--ssh-key", path, keyLimit)));
  const spec = create(ProfileSpecSchema, {
    image: flags.image,
    rootDisk: create(DiskSelectorSchema, parseSelector(flags.disk)),
    userData: await text("--user-data", flags.userData, templateLimit),
    networkConfig: await text("--network-config", flags.networkConfig, templateLimit),
    grow: flags.grow ?? false,
    readBack: flags.readBack ?? false,
    sshKeys: keys.flatMap((key) => key.split(/\r?\n/u).map((line) => line.trim())).filter((line) => line !== ""),
    user: flags.user ?? "",
    ...defined({ retry: retryPolicy(flags) }),
  });
  await profileStore(this, flags, name, spec);
}
