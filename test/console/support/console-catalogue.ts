import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { ImageService } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { ProfileService, type ProfileSpecSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import type { ConsoleServer } from "./console-server.ts";

/** Adds an image to the catalogue; the server begins to fetch it. */
export async function imageAdded(server: Pick<ConsoleServer, "transport">, name: string, url: string): Promise<void> {
  await createClient(ImageService, server.transport).imageAdd({ requestId: randomUUID(), name, url });
}

/** Applies a profile. */
export async function profileApplied(
  server: Pick<ConsoleServer, "transport">,
  name: string,
  spec: MessageInitShape<typeof ProfileSpecSchema>,
): Promise<void> {
  await createClient(ProfileService, server.transport).profileApply({
    requestId: randomUUID(),
    name,
    spec,
  });
}
