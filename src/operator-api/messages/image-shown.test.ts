import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ImageInstallationSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { imageShown } from "./image-shown.ts";

test("I10: an image is shown with its whole URL, from which the console fills in the next request, and without secrets", () => {
  const url = `https://images/${"long/".repeat(200)}a.raw`;
  const image = create(ImageInstallationSchema, { url: url.replace("//", "//eve:planted@").concat("?key=planted") });
  expect(imageShown(image).url).toBe(url);
});
