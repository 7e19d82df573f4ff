import type { Tree } from "./tree.ts";

/** What the firmware says the machine is; "" = it does not say. */
export interface Dmi {
  manufacturer: string;
  product: string;
  serialNumber: string;
}

/** Reads the firmware's identity of the machine, as the kernel shows it; the serial number only root may read. */
export async function dmi(tree: Tree): Promise<Dmi> {
  const identity = {
    manufacturer: await tree.text("sys/class/dmi/id/sys_vendor"),
    product: await tree.text("sys/class/dmi/id/product_name"),
    serialNumber: await tree.text("sys/class/dmi/id/product_serial"),
  };
  if (identity.manufacturer === "" && identity.product === "") {
    tree.warn("the firmware does not say what this machine is (/sys/class/dmi/id)");
  }
  return identity;
}
