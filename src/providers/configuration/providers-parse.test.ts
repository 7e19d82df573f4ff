import { expect, test } from "vitest";
import { ProvidersFileError } from "./providers-file-error.ts";
import { providersParse } from "./providers-parse.ts";

const good = `
providers:
  - name: rack-a
    type: inventory
    file: rack-a.csv
    columns: {serial: Service Tag}
    controllers:
      credential: rack-a
      system-roots: true
    autostart: true
    media-url: http://10.1.7.2:8081/
  - name: rack-b
    type: inventory
    url: https://assets.example/rack-b?format=csv
    format: csv
    every: 5m
    ca: /etc/ssl/own.pem
  - name: pdu
    type: command
    machines: {file: pdu.yaml}
    on: [/usr/local/bin/pdu, on, "{id}"]
    off: [/usr/local/bin/pdu, off, "{id}"]
    status: [/usr/local/bin/pdu, status, "{id}"]
    limit: 20s
  - {name: lab2, type: lab, directory: lab}
  - {name: hand, type: static}
`;

function problems(text: string): readonly string[] {
  try {
    providersParse(text, "p.yaml");
  } catch (error) {
    if (error instanceof ProvidersFileError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

test("every type with its settings", () => {
  expect(providersParse(good, "p.yaml")).toMatchObject([
    {
      name: "rack-a",
      type: "inventory",
      file: "rack-a.csv",
      autostart: true,
      "media-url": "http://10.1.7.2:8081",
      columns: { serial: "Service Tag" },
    },
    { name: "rack-b", autostart: false, every: 300_000, format: "csv" },
    { name: "pdu", limit: 20_000, on: ["/usr/local/bin/pdu", "on", "{id}"] },
    { name: "lab2", type: "lab", autostart: true },
    { name: "hand", type: "static" },
  ]);
  expect(providersParse("providers: []\n", "p.yaml")).toEqual([]);
});

const inventory = (more: string) => `providers:\n  - name: a\n    type: inventory\n    file: a.csv\n${more}`;
const command = (more: string) =>
  `providers:\n  - name: a\n    type: command\n    on: [x, on, "{id}"]\n    off: [x, "{id}"]\n${more}`;

test.each([
  ["", 'p.yaml:1:1: expected "providers:" with a list'],
  ["- name: a\n", 'p.yaml:1:1: expected "providers:" with a list'],
  ["providers: [\n", "p.yaml:2:1:"],
  [
    "provider:\n  - name: a\n",
    'p.yaml:1:1: "provider" is not known: expected providers alone; did you mean providers?',
  ],
  ["providers:\n  - name: a\n", "p.yaml:2:5: has no type: expected inventory, command, lab, static"],
  [
    "providers:\n  - name: a\n    type: inventroy\n",
    'p.yaml:3:11: type "inventroy" is not known: expected inventory, command, lab, static; did you mean inventory?',
  ],
  ["providers:\n  - x\n", "p.yaml:2:5: has no type"],
  [
    inventory("    flie: b.csv\n"),
    'p.yaml:5:5: "flie" is not known here: expected name, media-url, autostart, type, file, url',
  ],
  [inventory("    flie: b.csv\n"), "; did you mean file?"],
  [
    inventory("    controllers:\n      credentail: c\n"),
    'p.yaml:6:7: "credentail" is not known here: expected credential, ca, system-roots, clear-text; did you mean credential?',
  ],
  [inventory("    columns: {seriall: x}\n"), 'p.yaml:5:15: "seriall" is not known here: expected id, name, serial'],
  [inventory("    autostart: yes\n"), "p.yaml:5:16: autostart: expected true or false"],
  [inventory("    media-url: http://10.1.7.2:8081/media\n"), "p.yaml:5:16: media-url: expected http://HOST:PORT"],
  [inventory("    media-url: http://u:hunter2@10.1.7.2\n"), "p.yaml:5:16: media-url: expected http://HOST:PORT"],
  [inventory("    every: 5m\n"), "p.yaml:5:12: every: is for url only"],
  [inventory("    url: https://x/a.csv\n"), "p.yaml:2:5: has file and url"],
  ["providers:\n  - {name: a, type: inventory}\n", "p.yaml:2:5: expected file or url"],
  ["providers:\n  - {name: a, type: inventory, file: a.txt}\n", "p.yaml:2:5: expected format: csv, yaml or json"],
  ["providers:\n  - {name: a, type: inventory, url: http://x/a.csv}\n", "url: expected https://"],
  ["providers:\n  - {name: a, type: inventory, url: 'https://u:hunter2@x/a.csv'}\n", "without a user name or password"],
  [
    "providers:\n  - {name: a, type: inventory, url: 'https://x/a.csv', every: 1s}\n",
    "p.yaml:2:63: every: expected a duration from 10s to 24h",
  ],
  ["providers:\n  - {name: Rack A, type: static}\n", "p.yaml:2:12: name: expected a-z, 0-9 and '-'"],
  ["providers:\n  - {type: static}\n", "name: is missing: expected text"],
  [
    "providers:\n  - {name: a, type: static}\n  - {name: a, type: static}\n",
    'p.yaml:3:12: there is a provider "a" at p.yaml:2:12 already',
  ],
  [command(""), "p.yaml:2:5: status: "],
  [
    command('    status: [x, "--outlet={id}"]\n'),
    "p.yaml:6:17: status.1: holds {id} as a part: expected it as an argument of its own",
  ],
  [command('    status: [x, "{ids}"]\n'), "status.1: is no placeholder: expected one of {id}"],
  [command('    status: [x, "{name}"]\n'), "status.1: {name} is in the inventory alone"],
  [command("    status: [x, {id}]\n"), "put an argument"],
  [command("    status: x on\n"), "status: expected a list"],
  [command("    status: []\n"), "status"],
  [
    `providers:\n${Array.from({ length: 101 }, (_, n) => `  - {name: a${n}, type: static}\n`).join("")}`,
    "has 101 providers: expected at most 100",
  ],
])("%j", (text, expected) => {
  const found = problems(text);
  expect(found.join("\n")).toContain(expected);
  expect(found.join("\n")).not.toContain("hunter2");
});

test("lists in lists without end are a problem of the file", () => {
  expect(problems("[".repeat(100_000))).toEqual([
    'p.yaml:1:1: is nested too deeply: expected "providers:" with a list of providers',
  ]);
});

test("every problem is named, not only the first", () => {
  const found = problems(
    "providers:\n  - {name: A, type: static}\n  - {name: b, type: statik}\n  - {name: c, type: static, x: 1}\n",
  );
  expect(found.map((line) => line.split(":").slice(1, 2).join())).toEqual(["2", "3", "4"]);
});
