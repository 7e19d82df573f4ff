import type { Node } from "../../../gen/cloud/agent/api/hardware_pb.ts";
import { efiSupportSentences, secureBootSentences } from "../../contract/words/hardware.ts";
import { wordOf } from "../../contract/words/table.ts";
import { formatHostPort } from "../../lib/net/host-port.ts";
import { memoryText } from "../../lib/format/bytes.ts";
import { printable } from "../../lib/format/printable.ts";

const words = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join(" ");
const list = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== "").join(", ");
const given = (what: string, value: string | undefined): string =>
  value === undefined || value === "" ? "" : `${what} ${value}`;

/** The hardware that a machine has one of, one line each. Unreported values are left out. */
export function hardwareLines(node: Node): string {
  const { firmware, board, chassis, tpm, bmc } = node;
  const lines: [string, string][] = [
    [
      "machine",
      list(
        words(node.manufacturer, node.product, node.productVersion),
        given("serial", node.serialNumber),
        given("UUID", node.smbiosUuid),
      ),
    ],
    [
      "firmware",
      list(
        words(firmware?.vendor, firmware?.version, given("of", firmware?.releaseDate)),
        wordOf(efiSupportSentences, node.efiSupport),
        wordOf(secureBootSentences, node.secureBoot),
      ),
    ],
    [
      "board",
      list(
        words(board?.manufacturer, board?.product, board?.version),
        given("serial", board?.serialNumber),
        given("asset", board?.assetTag),
      ),
    ],
    [
      "chassis",
      list(
        words(chassis?.manufacturer, chassis?.kind),
        chassis === undefined || chassis.heightUnits === 0 ? "" : `${chassis.heightUnits} U`,
        given("serial", chassis?.serialNumber),
        given("asset", chassis?.assetTag),
      ),
    ],
    [
      "TPM",
      tpm === undefined
        ? ""
        : list(
            words(tpm.version, tpm.manufacturer),
            given("firmware", tpm.firmwareVersion),
            given("driver", tpm.driver),
          ),
    ],
    [
      "BMC",
      bmc === undefined
        ? ""
        : list(
            bmc.interface,
            given("IPMI", bmc.ipmiVersion),
            given("firmware", bmc.firmwareVersion),
            bmc.redfishAddress === ""
              ? ""
              : `Redfish at ${formatHostPort({ host: bmc.redfishAddress, port: bmc.redfishPort })}`,
          ),
    ],
    ["processors", processorWords(node)],
    ["memory", memoryWords(node)],
    ...node.numaNode
      .filter((_, __, nodes) => nodes.length > 1)
      .map(({ number, cpus, memoryBytes }): [string, string] => [
        `NUMA ${number}`,
        list(given("processors", cpus), memoryText(memoryBytes)),
      ]),
  ];
  const told = lines.filter(([, value]) => value !== "");
  const width = Math.max(0, ...told.map(([what]) => what.length));
  return told.map(([what, value]) => `${what.padEnd(width)}  ${printable(value)}\n`).join("");
}

function processorWords({ cpu }: Node): string {
  const models = new Map<string, number>();
  for (const { vendor, model } of cpu) {
    const name = model === "" ? vendor : model;
    models.set(name, (models.get(name) ?? 0) + 1);
  }
  const sum = (of: (each: Node["cpu"][number]) => number): number => cpu.reduce((total, each) => total + of(each), 0);
  const named = [...models].map(([name, count]) => `${count} × ${name === "" ? "unknown" : name}`);
  return cpu.length === 0
    ? ""
    : list(...named, `${sum(({ cores }) => cores)} cores`, `${sum(({ hardwareThreads }) => hardwareThreads)} threads`);
}

function memoryWords(node: Node): string {
  const slots = node.memoryDevice.length;
  const used = node.memoryDevice.filter(({ sizeBytes, sizeUnknown }) => sizeBytes > 0n || sizeUnknown).length;
  return list(
    node.memoryInstalledBytes === 0n ? "" : memoryText(node.memoryInstalledBytes),
    node.memoryPersistentBytes === 0n ? "" : `${memoryText(node.memoryPersistentBytes)} persistent`,
    slots === 0 ? "" : `${used} of ${slots} slots`,
    node.memoryMaximumBytes === 0n ? "" : `at most ${memoryText(node.memoryMaximumBytes)}`,
    node.memoryErrorCorrection === "none" ? "no error correction" : node.memoryErrorCorrection,
  );
}
