import { ImageService } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";

/** Gives a version another name. @param image NAME@VERSION */
export function imageTagPrepare(image: string, tag: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: image,
    method: ImageService.method.imageTag,
    message: { requestId, image, tag },
    words: (message) => ["image", "tag", message.image, message.tag, "--request-id", message.requestId],
    done: () => `${image} is ${tag} now`,
  });
}

/** Takes a tag away. @param name the image's name */
export function imageUntagPrepare(name: string, tag: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: name,
    method: ImageService.method.imageTag,
    message: { requestId, image: name, tag, remove: true },
    words: (message) => ["image", "tag", message.image, message.tag, "--remove", "--request-id", message.requestId],
    done: () => `${name} has no tag ${tag} any more`,
  });
}

/** Deletes a version, or an image with all of them. @param image NAME or NAME@VERSION */
export function imageDeletePrepare(image: string, requestId: string): PreparedCommand {
  return prepare({
    machineId: "",
    title: image,
    method: ImageService.method.imageDelete,
    message: { requestId, image },
    words: (message) => ["image", "delete", message.image, "--request-id", message.requestId],
    done: ({ versions }) => `${image} is deleted: ${versions} ${versions === 1 ? "version" : "versions"}`,
  });
}
