import { describe, expect, test } from "vitest";
import { seedFiles } from "./seed.ts";

const none = new Uint8Array();
const instance = { machineId: "machine", generation: 7n };

const metaDataOf = (text: string): string => {
  const image = {
    userData: Buffer.from("#cloud-config\n"),
    metaData: Buffer.from(text),
    networkConfig: none,
    vendorData: none,
  };
  return Buffer.from(seedFiles(image, instance).find(({ name }) => name === "meta-data")?.data ?? none).toString();
};

describe("the seed", () => {
  test("is none without data", () => {
    expect(seedFiles({ userData: none, metaData: none, networkConfig: none, vendorData: none }, instance)).toEqual([]);
  });

  test("has vendor data as they are given, with or without the user's", () => {
    const vendorData = Buffer.from("#!/bin/sh\nexit 0\n");
    const files = seedFiles({ userData: none, metaData: none, networkConfig: none, vendorData }, instance);
    expect(files.map(({ name, data }) => [name, Buffer.from(data).toString()])).toEqual([
      ["user-data", "#cloud-config\n{}\n"],
      ["meta-data", "instance-id: machine-7\n"],
      ["vendor-data", "#!/bin/sh\nexit 0\n"],
    ]);
  });

  test("has user data and meta data whatever is given, and network configuration only if that is", () => {
    const files = seedFiles(
      { userData: none, metaData: none, networkConfig: Buffer.from("version: 2\n"), vendorData: none },
      instance,
    );
    expect(files.map(({ name, data }) => [name, Buffer.from(data).toString()])).toEqual([
      ["user-data", "#cloud-config\n{}\n"],
      ["meta-data", "instance-id: machine-7\n"],
      ["network-config", "version: 2\n"],
    ]);
  });

  test.each([
    ["", "instance-id: machine-7\n"],
    ["local-hostname: web1\n", "instance-id: machine-7\nlocal-hostname: web1\n"],
    ["---\nlocal-hostname: web1\n", "---\ninstance-id: machine-7\nlocal-hostname: web1\n"],
    ["local-hostname: web1\ninstance-id: mine\n", "local-hostname: web1\ninstance-id: mine\n"],
    ['"instance-id": mine\n', '"instance-id": mine\n'],
    ["tags:\n  instance-id: no\n", "instance-id: machine-7\ntags:\n  instance-id: no\n"],
    ['{"local-hostname": "web1"}', '{"instance-id": "machine-7","local-hostname": "web1"}'],
    ['{"instance-id": "mine"}', '{"instance-id": "mine"}'],
    ["{ }\n", '{"instance-id": "machine-7"}\n'],
  ])("meta data %j gets an instance id where it has none", (given, expected) => {
    expect(metaDataOf(given)).toBe(expected);
  });
});
