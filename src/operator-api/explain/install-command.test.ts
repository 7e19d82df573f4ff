import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ImageInstallationSchema } from "../../../gen/farrier/agent/v1/image/image_pb.ts";
import { installCommand } from "./install-command.ts";

const digest = `sha256:${"ab".repeat(32)}`;
type Image = MessageInitShape<typeof ImageInstallationSchema>;
const command = (image: Image): string | undefined => {
  const whole = { url: "https://images/a.raw", digest, rootDisk: { name: "sda" }, ...image } as Image;
  return installCommand("web1", create(ImageInstallationSchema, whole));
};

test("X7: the command says the whole request: image, digest, disk and what else was given", () => {
  const start = `farrier machine install web1 --image https://images/a.raw --digest ${digest} --disk`;
  expect(command({})).toBe(`${start} name=sda`);
  expect(
    command({
      rootDisk: { wwn: Uint8Array.of(0x50, 0), protocol: 3, rotational: false, minBytes: 5n },
      ...{ format: 2, compression: 3, sizeBytes: 7n, grow: true, readBack: true },
    }),
  ).toBe(
    `${start} wwn=0x5000,protocol=nvme,rotational=no,min=5 --format qcow2 --compression zstd --size 7 --grow --read-back`,
  );
});

test("X7: a long URL is in the command as it was given", () => {
  const url = `https://images/${"long/".repeat(200)}a.raw`;
  expect(command({ url })).toContain(` --image ${url} `);
});

test.each([
  ["user data", { userData: Uint8Array.of(1) }],
  ["a signature's key", { signature: {} }],
  ["a CA", { caCertificates: Uint8Array.of(1) }],
  ["a password in the URL", { url: "https://eve:secret@images/a.raw" }],
  ["a query in the URL", { url: "https://images/a.raw?key=secret" }],
  ["a serial number with a blank", { rootDisk: { serialNumber: "S 1" } }],
  ["a serial number with a comma", { rootDisk: { serialNumber: "S,1" } }],
  ["no disk", { rootDisk: {} }],
])("X7: %s is more than a command line can say", (_what, image) => {
  expect(command(image)).toBeUndefined();
});
