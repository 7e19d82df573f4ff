import { expect, test } from "vitest";
import { flagsNamed } from "./flags-named.ts";

const input = {
  machine: "web1",
  macs: ["52:54:00:12:34:56", "x"],
  smbiosUuid: "no",
  image: {
    url: "http://me:secret@host/a b?token=secret",
    digest: "sha256:0",
    rootDisk: { minBytes: -1n },
    sizeBytes: 5n,
    caCertificates: new Uint8Array(1),
    signature: { format: 1, publicKey: new Uint8Array(1) },
    tokenHost: ["a/b"],
    userData: new Uint8Array(),
  },
  replaceGeneration: -1n,
  retry: { attempts: 0 },
  values: { a: "b" },
  tag: "Stable",
  cursor: "x y",
  stopAfterPercent: 200,
  window: { from: "01:00", to: "25:00", timeZone: "Mars/X" },
  spec: { sshKeys: ["foo"], rootDisk: {}, retry: { attempts: 0 } },
};

test.each([
  ["image.root_disk: no disk matches serial=S9", "--disk: no disk matches serial=S9"],
  ["image.root_disk.min_bytes: is negative", "--disk: is negative"],
  ["image.size_bytes: the image takes 5 bytes", "--size: the image takes 5 bytes"],
  ["image.url: expected an http URL", '--image "http://host/a b": expected an http URL'],
  ["image.digest: expected sha256:", '--digest "sha256:0": expected sha256:'],
  ["image.user_data: too long", "--user-data: too long"],
  ["image.ca_certificates: certificate 1 is damaged", "--image-ca: certificate 1 is damaged"],
  ["image.signature: public_key is none", "--signature: public_key is none"],
  ["image.token_host.0: expected a host", '--image-token-host "a/b": expected a host'],
  [
    "macs.1: expected a MAC; smbios_uuid: expected a UUID",
    '--mac "x": expected a MAC; --smbios-uuid "no": expected a UUID',
  ],
  ["values: are for a profile's templates", "--set: are for a profile's templates"],
  ["values.a: too long", '--set "b": too long'],
  ["retry.attempts: expected 1 to 100 tries", "--retry-attempts: expected 1 to 100 tries"],
  ["tag: expected a-z", 'tag "Stable": expected a-z'],
  ["cursor: expected the cursor of an earlier event", '--since "x y": expected the cursor of an earlier event'],
  ["stop_after_percent: expected 1 to 100 percent", "--stop-after: expected 1 to 100 percent"],
  [
    "window.to: expected a time of day; window.time_zone: expected a name",
    '--window "25:00": expected a time of day; --time-zone "Mars/X": expected a name',
  ],
  ["spec.ssh_keys.0: expected a public key", '--ssh-key "foo": expected a public key'],
  ["spec.root_disk: expected a condition", "--disk: expected a condition"],
  ["spec.retry.attempts: expected 1 to 100 tries", "--retry-attempts: expected 1 to 100 tries"],
  ["machine: expected a UUID", 'machine "web1": expected a UUID'],
  [
    "if the disks have changed since, set ignore_hardware_report",
    "if the disks have changed since, give --ignore-hardware-report",
  ],
  ["other_field: is wrong", "other_field: is wrong"],
])("X11: the server's %s is told as %s", (message, expected) => {
  expect(flagsNamed(message, input)).toBe(expected);
});

test.each([
  ["url: expected an https URL", ["name", "events"], 'URL "https://host/x": expected an https URL'],
  ["url: expected an https URL", ["url"], '--url "https://host/x": expected an https URL'],
  ["name: expected a-z", ["events"], 'name "A": expected a-z'],
  ["ca_certificates: certificate 1 is damaged", ["image-ca"], "--image-ca: certificate 1 is damaged"],
  [
    "url: may not be called: with private_allowed, addresses of the site's own network may be called",
    ["allow-private"],
    'URL "https://host/x": may not be called: with --allow-private, addresses of the site\'s own network may be called',
  ],
])("X11: the server's %s is told with the flags %j as %s", (message, flags, expected) => {
  const sent = { url: "https://u:secret@host/x?secret", name: "A", caCertificates: new Uint8Array(1) };
  expect(flagsNamed(message, sent, flags)).toBe(expected);
});
