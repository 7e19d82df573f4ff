import { fromBinary } from "@bufbuild/protobuf";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { protocolWords } from "../../contract/words/hardware.ts";
import { wordOf } from "../../contract/words/table.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { defined } from "../../lib/defined.ts";
import { macOfBytes } from "../../lib/net/mac.ts";
import type { TemplateData } from "../../profiles/template-words.ts";

/**
 * What templates may use of a machine. What is not known is not there, so that a template that needs it fails and nothing
 * empty gets onto the machine.
 * @param hardwareRaw the serialised hardware report
 */
export function machineVariables(record: MachineRecord, hardwareRaw: Uint8Array | undefined): TemplateData {
  const hardware = hardwareRaw === undefined ? undefined : hardwareVariables(hardwareRaw);
  const { provided } = record;
  return {
    id: record.machineId,
    labels: record.labels,
    ...defined({ name: record.name, provider: provided?.provider, location: provided?.location, hardware }),
  };
}

function hardwareVariables(raw: Uint8Array): TemplateData | undefined {
  let report: ReturnType<typeof reportOf>;
  try {
    report = reportOf(raw);
  } catch {
    // A report that can't be read says nothing about the machine.
    return undefined;
  }
  if (report === undefined) {
    return undefined;
  }
  return {
    disks: report.blockDevice.map((disk) =>
      withoutEmpty({
        name: disk.name,
        serial: disk.serialNumber,
        model: disk.deviceModel,
        vendor: disk.vendor,
        wwn: Buffer.from(disk.wwn).toString("hex"),
        protocol: wordOf(protocolWords, disk.protocol) ?? "",
        sizeBytes: Number(disk.capacityBytes),
        rotational: disk.rotational,
      }),
    ),
    nics: report.networkInterface.map((nic) =>
      withoutEmpty({ mac: macOfBytes(nic.mac) ?? "", driver: nic.driver, linkUp: nic.linkUp }),
    ),
  };
}

function reportOf(raw: Uint8Array) {
  return fromBinary(AgentHardwareReportSchema, raw).report;
}

function withoutEmpty(fields: Record<string, string | number | boolean>): TemplateData {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}
