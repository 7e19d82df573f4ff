import { create, equals } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ProfileSpecSchema } from "../../../gen/farrier/operator/v1/profile_pb.ts";
import { profileTextParse } from "./profile-text.ts";
import { profileYaml } from "./profile-yaml.ts";

const text = `name: web
image: debian-12@3
disk: protocol=nvme,min=500G
grow: true
user: admin
ssh_keys: ["ssh-ed25519 AAAA alice "]
retry: { attempts: 3, initial: 60s, exponent: 1.5 }
expect: { came_up: true, within: 15m }
values:
  domain: example.org
  count: 5
  role: null
user_data: |
  #cloud-config
  fqdn: {{ machine.name | yaml }}
`;

test("a profile's text is read, and written so that it is read back the same", () => {
  const { name, spec, files } = profileTextParse(text);
  expect(name).toBe("web");
  expect(files).toEqual({});
  expect(spec.rootDisk?.minBytes).toBe(500_000_000_000n);
  expect(spec.sshKeys).toEqual(["ssh-ed25519 AAAA alice"]);
  expect(spec.retry).toMatchObject({ attempts: 3, initialSeconds: 60, maximumSeconds: 0, exponent: 1.5 });
  expect(spec.expect).toMatchObject({ cameUp: true, withinSeconds: 900 });
  expect(spec.values.map((value) => [value.name, value.default])).toEqual([
    ["domain", "example.org"],
    ["count", "5"],
    ["role", undefined],
  ]);
  expect(spec.userData).toBe("#cloud-config\nfqdn: {{ machine.name | yaml }}\n");
  const again = profileTextParse(profileYaml(name, spec));
  expect(again.name).toBe("web");
  expect(equals(ProfileSpecSchema, again.spec, spec)).toBe(true);
});

test("texts that YAML could take for something else come back as they were", () => {
  const { rootDisk } = profileTextParse(text).spec;
  const odd = create(ProfileSpecSchema, {
    image: "debian-12",
    ...(rootDisk === undefined ? {} : { rootDisk }),
    userData: "  indented\n\ttab: yes\r\n# a comment\n\n",
    networkConfig: "no newline",
    user: "true",
    values: [{ name: "on", default: "0123" }, { name: "empty", default: "" }, { name: "must" }],
  });
  const again = profileTextParse(profileYaml("1e3", odd));
  expect(again.name).toBe("1e3");
  expect(equals(ProfileSpecSchema, again.spec, odd)).toBe(true);
});

test("files beside the text are named, and not together with the field itself", () => {
  const short = "name: web\nimage: x\ndisk: serial=1\n";
  expect(profileTextParse(`${short}user_data_file: ud.yaml\n`).files).toEqual({ userData: "ud.yaml" });
  expect(() => profileTextParse(`${short}user_data: x\nuser_data_file: ud.yaml\n`)).toThrow(
    "line 5: user_data_file: user_data and user_data_file are both there: give one of them",
  );
});

test.each([
  ["", "expected an object with name, image and disk"],
  ["name: *nothing", "nothing"],
  ["[]", "expected an object with name, image and disk"],
  ["grow: true", "line 1: name: is missing: expected text; line 1: image: is missing"],
  ["name: web\nimage: x\ndisk: seral=1\n", "line 3: disk: "],
  ["name: web\nimage: x\ndisk: serial=1\ngrow: yes please\n", "line 4: grow: expected true or false"],
  ["name: web\nimage: x\ndisk: serial=1\nimages: y\n", "line 1: has fields that are not known: images"],
  ["name: web\nname: web\n", "Map keys must be unique"],
  [
    "name: web\nimage: x\ndisk: serial=1\nretry: 3\n",
    "retry: expected an object with attempts, initial, maximum, exponent",
  ],
  ["name: web\nimage: x\ndisk: serial=1\nretry: {}\n", "retry.attempts: is missing: expected a whole number"],
  ["name: web\nimage: x\ndisk: serial=1\nexpect: { within: soon }\n", "line 4: expect.within: "],
  ["name: web\nimage: x\ndisk: serial=1\nssh_keys: key\n", "line 4: ssh_keys: expected a list of texts"],
  ["name: web\nimage: x\ndisk: serial=1\nvalues: { a: [1] }\n", "line 4: values.a: expected text, a number"],
])("%j is refused with what is wrong and where", (wrong, words) => {
  expect(() => profileTextParse(wrong)).toThrow(words);
});
