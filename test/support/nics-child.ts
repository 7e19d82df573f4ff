// Prints the network interfaces of the machine that it runs on, as the hardware report has them: name and permanent address.
import { networkInterfaces } from "../../src/agent/hardware/network-interfaces.ts";
import { runTool } from "../../src/agent/hardware/tool.ts";
import { hardwareTree } from "../../src/agent/hardware/tree.ts";

for (const { name, mac } of await networkInterfaces(hardwareTree("/"), runTool)) {
  process.stdout.write(`PORT ${name} ${Buffer.from(mac).toString("hex")}\n`);
}
