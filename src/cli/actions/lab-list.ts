import { bytesText } from "../../lib/format/bytes.ts";
import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { outputWidth } from "../show/print.ts";
import { table } from "../show/table.ts";

/** Flags of `farrier lab list`. */
export interface LabListFlags extends CommonFlags {
  json: boolean | undefined;
}

/** `farrier lab list` */
export async function labListAction(this: CliContext, flags: LabListFlags): Promise<void> {
  const machines = await this.starters.lab.list({ dataDir: dataDirectory(flags, this.process.env) });
  if (flags.json === true) {
    this.process.stdout.write(`${JSON.stringify(machines, undefined, 2)}\n`);
    return;
  }
  const rows = machines.map((machine) => [
    machine.name,
    machine.power,
    machine.firmware,
    machine.disks.map(({ kind, bytes }) => `${kind} ${bytesText(bytes)}`).join(", "),
    machine.macs.join(" "),
    machine.controller ?? "-",
    machine.uuid,
  ]);
  this.process.stdout.write(
    table([{ title: "NAME", whole: true }, "POWER", "FIRMWARE", "DISKS", "MACS", "CONTROLLER", "UUID"], rows, {
      width: outputWidth(this),
    }),
  );
  if (machines.some(({ served }) => served === false)) {
    this.process.stderr.write("no process serves the controllers: `farrier lab controllers` does, until Ctrl-C\n");
  }
}
