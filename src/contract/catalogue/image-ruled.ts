import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { imageKey, type ImageKey, type RuledImage } from "./image-rule.ts";
import { imageSourceRead, type ImageSource } from "./image-source.ts";

/** An image of the catalogue, as the rules of the image policy see it. Pure. */
export function ruledSource(source: ImageSource, chosen?: RuledImage["chosen"]): RuledImage {
  const { url, signature, digestFrom } = source;
  return {
    url,
    ...(digestFrom !== undefined && "url" in digestFrom ? { besides: [digestFrom.url] } : {}),
    keys: [signature, digestFrom?.signature].flatMap((each) =>
      each === undefined ? [] : keysOf(each.format, Buffer.from(each.publicKey, "base64")),
    ),
    chosen,
  };
}

/** An image that is requested by its URL. Pure. */
export function ruledRequest(
  image: { url: string; signature?: { format: number; publicKey: Uint8Array } | undefined },
  chosen?: RuledImage["chosen"],
): RuledImage {
  const { url, signature } = image;
  return { url, keys: signature === undefined ? [] : keysOf(signature.format, signature.publicKey), chosen };
}

/**
 * The image of a stored request that is to be repeated; undefined if the request has none, or can't be parsed, which the
 * caller finds out itself. Pure.
 * @param source of its image in the catalogue, unsealed, while it is there
 */
export function ruledRepeat(
  raw: Uint8Array,
  source: Uint8Array | undefined,
  chosen?: RuledImage["chosen"],
): RuledImage | undefined {
  try {
    const { type } = fromBinary(OSInstallationRequestSchema, raw);
    if (type.case !== "image") {
      return undefined;
    }
    const asked = ruledRequest(type.value, chosen);
    return source === undefined
      ? asked
      : { ...asked, keys: [...asked.keys, ...ruledSource(imageSourceRead(source)).keys] };
  } catch {
    return undefined;
  }
}

function keysOf(format: number, publicKey: Uint8Array): ImageKey[] {
  const key = imageKey(format, publicKey);
  return key === undefined ? [] : [key];
}
