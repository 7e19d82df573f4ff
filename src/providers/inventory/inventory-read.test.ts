import { expect, test } from "vitest";
import { parse } from "yaml";
import { networkConfigParse } from "../../contract/network/network-parse.ts";
import { networkYaml } from "../../contract/network/network-yaml.ts";
import type { ProvidedMachine } from "../../shepherd/provider.ts";
import { inventoryRead, type InventoryReading } from "./inventory-read.ts";

const uuid = "4c4c4544-0051-3510-8052-b4c04f4a3132";
const plain: InventoryReading = { format: "csv", columns: {}, controllers: {} };
const read = (text: string | Uint8Array, reading: Partial<InventoryReading> = {}) =>
  inventoryRead(typeof text === "string" ? Buffer.from(text) : text, { ...plain, ...reading }, "rack.csv");
const machine = (facts: Partial<ProvidedMachine>) => ({ macs: [], ...facts });

const web1 = machine({
  providerId: "S1",
  name: "web1",
  serial: "S1",
  smbiosUuid: uuid,
  macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"],
  location: "rack a1, row 2",
  labels: { role: "web", rack: "a1" },
  controller: { protocol: "redfish", url: "https://10.0.8.1", credential: "rack-a" },
});
const header = "name,serial,uuid,macs,controller,credential,location,labels";
const line = `web1,S1,${uuid.toUpperCase()},52-54-00-00-00-01 5254.0000.0002,https://10.0.8.1,rack-a,"rack a1, row 2",role=web rack=a1`;

test.each([
  ["as it is", `${header}\n${line}\n`],
  ["without a line end at its end", `${header}\n${line}`],
  ["CRLF", `${header}\r\n${line}\r\n`],
  ["old Mac line ends", `${header}\r${line}\r`],
  ["a byte order mark", `\uFEFF${header}\n${line}\n`],
  ["empty lines, and lines of empty cells", `${header}\n\n${line}\n,,,,,,,\n\n`],
  ["other names of columns", `Hostname,Serial Number,SMBIOS_UUID,MAC Addresses,BMC,credential,rack,tags\n${line}\n`],
  ["columns that are none of ours", `${header},owner,cost\n${line},me,12\n`],
  ["semicolons", `${header.replaceAll(",", ";")}\n${line.replaceAll(/,(?! row)/gu, ";")}\n`],
  ["tabs", `${header.replaceAll(",", "\t")}\n${line.replaceAll(/,(?! row)/gu, "\t")}\n`],
  [
    "every cell in quotes",
    `${header}\n${line
      .replaceAll('"', "")
      .replaceAll(", row", "@")
      .split(",")
      .map((cell) => `"${cell.replace("@", ", row")}"`)
      .join(",")}\n`,
  ],
])("CSV: %s", (_what, text) => {
  expect(read(text)).toEqual({ machines: [web1] });
});

test("CSV as a spreadsheet saves it in UTF-16", () => {
  expect(read(Buffer.from(`\uFEFF${header}\n${line}\n`, "utf16le"))).toEqual({ machines: [web1] });
});

const yaml = `
- name: web1
  serial: S1
  uuid: ${uuid}
  macs: [52:54:00:00:00:01, "52:54:00:00:00:02"]
  controller: https://10.0.8.1
  credential: rack-a
  location: rack a1, row 2
  labels: {role: web, rack: a1}
`;

test("YAML and JSON: a list, or a mapping with it", () => {
  expect(read(yaml, { format: "yaml" })).toEqual({ machines: [web1] });
  expect(read(`machines:${yaml}`, { format: "yaml" })).toEqual({ machines: [web1] });
  const { providerId: _id, smbiosUuid, controller: _controller, ...rest } = web1;
  const entry = { ...rest, uuid: smbiosUuid, controller: "https://10.0.8.1", credential: "rack-a", address: null };
  expect(read(JSON.stringify([entry]), { format: "json" })).toEqual({ machines: [web1] });
  expect(read(JSON.stringify({ machines: [entry] }), { format: "json" })).toEqual({ machines: [web1] });
});

test("numbers are texts: a serial number keeps its zeros", () => {
  const expected = [machine({ providerId: "0042", serial: "0042" }), machine({ providerId: "1e3", serial: "1e3" })];
  expect(read("serial,x\n0042,\n1e3,\n").machines).toEqual(expected);
  expect(read("- serial: 0042\n- serial: 1e3\n", { format: "yaml" }).machines).toEqual(expected);
});

test.each(["id", "serial", "uuid", "name", "macs"])(
  "a machine is known by its %s where it has nothing else",
  (column) => {
    const value = { id: "a-1", serial: "S1", uuid, name: "web1", macs: "52:54:00:00:00:01" }[column];
    expect(read(`${column},location\n${value},r1\n`).machines[0]?.providerId).toBe(value);
  },
);

test("columns with names of the inventory's own", () => {
  const text = "Asset,Dienst-Nummer,name\nA1,S1,web1\n";
  expect(read(text, { columns: { id: "Asset", serial: "Dienst-Nummer" } }).machines).toEqual([
    machine({ providerId: "A1", serial: "S1", name: "web1" }),
  ]);
  expect(() => read(text, { columns: { uuid: "UUID" } })).toThrow(
    'rack.csv: has no column "UUID", which the provider\'s settings name as uuid: its columns are Asset, Dienst-Nummer, name',
  );
});

test.each([
  ["a misspelt column", "nmae,serial\nweb1,S1\n", 'rack.csv: has a column "nmae": did you mean name?'],
  ["a column twice", "name,name\nweb1,web2\n", 'rack.csv: line 1: column "name" is there twice'],
  ["one column by two names", "serial,service tag\nS1,S1\n", 'columns "serial" and "service tag" are both serial'],
  [
    "a quote that does not end",
    'name,serial\nweb1,"S1\nweb2,S2\n',
    "rack.csv: line 2: a cell that begins with a quote",
  ],
  ["a quote in a cell", 'name,serial\nweb1,S"1"\n', "rack.csv: line 2: has a quote within a cell"],
  ["a line without end", `name,serial\nweb1,"${"x".repeat(70_000)}"\n`, "is longer than 65536 characters"],
  ["an archive", Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0]), undefined],
])("%s", (_what, text, expected) => {
  if (expected === undefined) {
    // Nothing of it is a machine; whatever it says, it is not read as one.
    expect(read(text).machines).toEqual([]);
    return;
  }
  expect(() => read(text)).toThrow(expected);
});

test.each([
  ["no YAML", "- a: [1\n", "yaml", "rack.csv: line 2, column 1:"],
  ["text", "web1", "yaml", "expected a list of machines"],
  ["a mapping without machines", "web1: {serial: S1}\n", "yaml", "expected a list of machines"],
  ["a key twice", "- name: a\n  name: b\n", "yaml", "Map keys must be unique"],
  ["lists in lists", "[".repeat(100_000), "yaml", "rack.csv: is nested too deeply"],
  ["no JSON, though YAML", "- name: a\n", "json", "is no JSON"],
] as const)("%s", (_what, text, format, expected) => {
  expect(() => read(text, { format })).toThrow(expected);
});

test("aliases that mean gigabytes are not followed", () => {
  const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(", ")}]`);
  const text = `x: &l0 [lol]\n${levels.join("\n")}\nmachines:\n  - name: web1\n    labels: *l9\n  - name: web2\n`;
  const { machines, problems } = read(text, { format: "yaml" });
  expect(machines).toEqual([machine({ providerId: "web2", name: "web2" })]);
  expect(problems).toEqual([expect.stringContaining("line 12: its aliases repeat too much")]);
});

test.each([
  ["", "csv"],
  ["\uFEFF", "csv"],
  ["name,serial\n", "csv"],
  ["\n\n", "csv"],
  ["", "yaml"],
  ["# nothing yet\n", "yaml"],
  ["[]", "yaml"],
  ["machines:\n", "yaml"],
  ["", "json"],
  ["[]", "json"],
  ['{"machines": []}', "json"],
] as const)("an empty inventory is doubted, not an error: %j as %s", (text, format) => {
  expect(read(text, { format })).toEqual({ machines: [], doubt: "rack.csv has no machine in it" });
});

test.each([
  ["web_1", "name", 'line 2: name "web_1": expected a-z, 0-9'],
  [uuid, "name", "line 2: name"],
  ["00000000-0000-0000-0000-000000000000", "uuid", "line 2: uuid"],
  ["03000200-0400-0500-0006-000700080009", "uuid", "whole series share"],
  ["52:54:00:00:00", "macs", 'line 2: macs "52:54:00:00:00": expected MAC addresses'],
  ["01:00:5e:00:00:01", "macs", "line 2: macs"],
  ["10.0.8.1", "controller", "expected https://HOST"],
  ["https://root:hunter2@10.0.8.1", "controller", "a user name or password"],
  ["https://10.0.8.1/redfish?x=hunter2", "controller", "the host alone"],
  ["role", "labels", "expected labels such as"],
  ["Role=web", "labels", "expected labels such as"],
  ["x".repeat(257), "serial", "expected one line of at most 256 printable characters"],
  ['"a\nb"', "location", "expected one line"],
  ["\u001b]0;title\u0007", "location", "expected one line"],
  ["a\u202eb", "location", "expected one line"],
  ["a\u0000b", "serial", "expected one line"],
])("a cell that can't be taken: %j as %s", (cell, column, expected) => {
  const { machines, problems = [] } = read(`id,${column}\nA1,${cell}\nA2,\n`);
  expect(machines).toEqual([machine({ providerId: "A2" })]);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(expected);
  for (const hidden of ["hunter2", "\u001b", "\u202e", "\u0000"]) {
    expect(problems.join()).not.toContain(hidden);
  }
});

const networkHeader = "id,macs,addresses,gateway,dns,vlan,bond";
const two = "52:54:00:00:00:01 52:54:00:00:00:02";

test("a machine's network: addresses on its first network card, its bond, or the VLAN on either", () => {
  const { machines, problems } = read(
    `${networkHeader}
A1,${two},192.0.2.7/24 2001:DB8::7/64,192.0.2.1 2001:db8::1,192.0.2.53;192.0.2.54,,
A2,52:54:00:00:00:03,192.0.2.8/24,,,7,
A3,52:54:00:00:00:04 52:54:00:00:00:05,192.0.2.9/24,192.0.2.1,,7,802.3ad
A4,52:54:00:00:00:06 52:54:00:00:00:07 52:54:00:00:00:08,,,,,active-backup 52-54-00-00-00-07 52-54-00-00-00-08
A5,52:54:00:00:00:09,,,,,
`,
  );
  expect(problems).toBeUndefined();
  expect(machines.map(({ network }) => network && parse(network))).toEqual([
    {
      version: 2,
      ethernets: {
        lan0: {
          match: { macaddress: "52:54:00:00:00:01" },
          addresses: ["192.0.2.7/24", "2001:db8::7/64"],
          routes: [
            { to: "0.0.0.0/0", via: "192.0.2.1" },
            { to: "::/0", via: "2001:db8::1" },
          ],
          nameservers: { addresses: ["192.0.2.53", "192.0.2.54"] },
        },
      },
    },
    {
      version: 2,
      ethernets: { lan0: { match: { macaddress: "52:54:00:00:00:03" } } },
      vlans: { "lan0.7": { id: 7, link: "lan0", addresses: ["192.0.2.8/24"] } },
    },
    {
      version: 2,
      ethernets: {
        lan0: { match: { macaddress: "52:54:00:00:00:04" } },
        lan1: { match: { macaddress: "52:54:00:00:00:05" } },
      },
      bonds: {
        bond0: { interfaces: ["lan0", "lan1"], parameters: { mode: "802.3ad", "mii-monitor-interval": 100 } },
      },
      vlans: {
        "bond0.7": {
          ...{ id: 7, link: "bond0", addresses: ["192.0.2.9/24"] },
          routes: [{ to: "0.0.0.0/0", via: "192.0.2.1" }],
        },
      },
    },
    {
      version: 2,
      ethernets: {
        lan0: { match: { macaddress: "52:54:00:00:00:07" } },
        lan1: { match: { macaddress: "52:54:00:00:00:08" } },
      },
      bonds: {
        bond0: {
          ...{ interfaces: ["lan0", "lan1"], dhcp4: true },
          parameters: { mode: "active-backup", "mii-monitor-interval": 100 },
        },
      },
    },
    undefined,
  ]);
  const asYaml = `- {id: A1, macs: [52:54:00:00:00:03], addresses: [192.0.2.8/24], vlan: 7}\n`;
  expect(read(asYaml, { format: "yaml" }).machines[0]?.network).toBe(machines[1]?.network);
  // What \`machine update --network\` accepts: nothing is lost of it.
  for (const { network } of machines) {
    const config = networkConfigParse(network ?? "version: 2");
    expect("problem" in config ? network : networkYaml(config)).toBe(network);
  }
});

test.each([
  [`${two},192.0.2.7,,,,`, 'line 2: addresses "192.0.2.7": expected addresses with their prefixes, such as'],
  [`${two},192.0.2.7/33,,,,`, 'line 2: addresses "192.0.2.7/33": expected'],
  [`${two},fe80::1%eth0/64,,,,`, "line 2: addresses"],
  [`${two},192.0.2.7/24,192.0.2.1 192.0.2.2,,,`, "line 2: gateway"],
  [`${two},192.0.2.7/24,router,,,`, 'line 2: gateway "router": expected the address of a gateway'],
  [`${two},192.0.2.7/24,2001:db8::1,,,`, "line 2: has the gateway 2001:db8::1 and no address of its family"],
  [`${two},,192.0.2.1,,,`, "line 2: has gateway and no addresses"],
  [`${two},,,192.0.2.53,,`, "line 2: has dns and no addresses"],
  [`${two},192.0.2.7/24,,dns.example,,`, 'line 2: dns "dns.example": expected the addresses of name servers'],
  [`${two},192.0.2.7/24,,,4095,`, 'line 2: vlan "4095": expected a VLAN\'s number, 1 to 4094'],
  [`${two},192.0.2.7/24,,,1 2,`, "line 2: vlan"],
  [`${two},192.0.2.7/24,,,,lacp`, 'line 2: bond "lacp": expected a bond\'s mode (balance-rr, active-backup,'],
  [`${two},192.0.2.7/24,,,,802.3ad 52:54:00:00:00:03`, "line 2: has a bond of 52:54:00:00:00:03, which is not in"],
  [`,192.0.2.7/24,,,,`, "line 2: has addresses and no macs"],
  [`${two},192.0.2.7/24$(reboot),,,,`, "line 2: addresses"],
  [`${two},"192.0.2.7/24\nx",,,,`, "line 2: addresses"],
])("a network that can't be taken: %s", (cells, expected) => {
  const { machines, problems = [] } = read(`${networkHeader}\nA1,${cells}\nA2,,,,,,\n`);
  expect(machines).toEqual([machine({ providerId: "A2" })]);
  expect(problems).toEqual([expect.stringContaining(expected)]);
});

test("bytes that are no UTF-8 cost their line alone", () => {
  const { machines, problems } = read(Buffer.from("name,location\nweb1,Zürich\nweb2,Bern\n", "latin1"));
  expect(machines).toEqual([machine({ providerId: "web2", name: "web2", location: "Bern" })]);
  expect(problems).toEqual([expect.stringContaining("line 2: location")]);
  expect(problems?.[0]).toContain("no UTF-8: save the file in that encoding");
  expect(read(Buffer.from("name,location\nweb1,Zürich\n")).machines[0]?.location).toBe("Zürich");
});

test("lines are counted as an editor counts them, also after cells of several lines", () => {
  const { problems } = read('id,location,uuid\r\nA1,"two\r\nlines",\r\n\r\nA2,,no\r\nA3,,no\r\n');
  expect(problems?.map((text) => text.split(":", 1)[0])).toEqual(["line 2", "line 5", "line 6"]);
  expect(read("- id: A1\n- id: A2\n  uuid: no\n", { format: "yaml" }).problems?.[0]).toMatch(/^line 2:/u);
  expect(read('[\n{"id":"A1"},\n{"id":"A2","uuid":"no"}]', { format: "json" }).problems?.[0]).toMatch(/^line 3:/u);
});

test("a line with more cells than the header, and a line that says nothing to know a machine by", () => {
  const { machines, problems } = read("name,location\nweb1,rack 1, row 2\n,nowhere\nweb2\n");
  expect(machines).toEqual([machine({ providerId: "web2", name: "web2" })]);
  expect(problems).toEqual([
    expect.stringContaining("line 2: has 3 cells, the header 2"),
    expect.stringContaining("line 3: says nothing that a machine could be known by"),
  ]);
});

test.each([
  ["name", "id,name\nA1,web1\nA2,web2\nA3,WEB1\n", "line 2 and line 4: have the same name web1: none of them is taken"],
  ["serial", "id,serial\nA1,S1\nA2,S2\nA3,S1\n", "line 2 and line 4: have the same serial S1"],
  ["serial as the id", "serial,name\nS1,a\nS2,b\nS1,c\n", "line 2 and line 4: have the same serial S1"],
  ["uuid", `id,uuid\nA1,${uuid}\nA2,\nA3,${uuid.toUpperCase()}\n`, `line 2 and line 4: have the same uuid ${uuid}`],
  ["MAC", "id,macs\nA1,525400000001 525400000002\nA2,\nA3,52:54:00:00:00:02\n", "same mac 52:54:00:00:00:02"],
  ["id", "id,name\nA1,a\nA2,b\nA1,c\n", "line 2 and line 4: have the same id A1"],
  [
    "controller",
    "id,controller,credential\nA1,https://10.0.8.1,c\nA2,,\nA3,https://10.0.8.1:443/,c\n",
    "same controller https://10.0.8.1",
  ],
])("machines with the same %s are named with both lines, and neither is taken", (_what, text, expected) => {
  const { machines, problems } = read(text);
  expect(machines.map(({ providerId }) => providerId)).toEqual([text.includes("serial,name") ? "S2" : "A2"]);
  expect(problems).toEqual([expect.stringContaining(expected)]);
});

test("two systems of one controller are two machines", () => {
  const text = "id,controller,system,credential\nA1,https://10.0.8.1,Node1,c\nA2,https://10.0.8.1,Node2,c\n";
  expect(read(text).machines.map(({ controller }) => controller?.system)).toEqual(["Node1", "Node2"]);
});

test("what a line says of its controller is completed by the settings", () => {
  const sha256 = "ab".repeat(32);
  const text = `id,controller,fingerprint\nA1,https://10.0.8.1,\nA2,https://10.0.8.2,sha256:${sha256.toUpperCase()}\n`;
  const trusts = (reading: InventoryReading["controllers"]) =>
    read(text, { controllers: reading }).machines.map(({ controller }) => controller?.trust);
  expect(trusts({ credential: "c" })).toEqual([undefined, { by: "fingerprint", sha256 }]);
  expect(trusts({ credential: "c", trust: { by: "system" } })).toEqual([
    { by: "system" },
    { by: "fingerprint", sha256 },
  ]);
  expect(read(text).problems).toEqual([
    expect.stringContaining("no credential"),
    expect.stringContaining("no credential"),
  ]);
  const clear = "id,controller,fingerprint\nA1,http://10.0.8.1,\nA2,ipmi://10.0.8.2,\n";
  expect(read(clear, { controllers: { credential: "c" } }).problems).toHaveLength(2);
  expect(
    read(clear, { controllers: { credential: "c", clearText: true } }).machines.map(
      ({ controller }) => controller?.trust,
    ),
  ).toEqual([{ by: "clear-text" }, { by: "clear-text" }]);
  expect(read(`id,fingerprint\nA1,${sha256}\n`).problems?.[0]).toContain("has a fingerprint and no controller");
});

test("10,000 lines, and 10,000 that are wrong", () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, n) => `m${n},S${n},https://10.${n >> 8}.${n & 255}.1,"rack ${n}, a"`,
  );
  const reading = { controllers: { credential: "c" } };
  const good = read(`name,serial,controller,location\n${lines.join("\n")}\n`, reading);
  expect(good.machines).toHaveLength(10_000);
  expect(good.problems).toBeUndefined();
  const bad = read(
    `name,serial,controller,location\n${lines.map((text) => text.replace("m", "M_")).join("\n")}\n`,
    reading,
  );
  expect(bad.machines).toEqual([]);
  expect(bad.problems).toHaveLength(101);
  expect(bad.problems?.at(-1)).toBe("and 9900 more");
});
