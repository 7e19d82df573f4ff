import type { NetworkInterface } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { macOfBytes, macTellsApart } from "../lib/net/mac.ts";

/** Drivers of USB network interfaces, for agents that do not report the bus. */
const usbDrivers =
  /^(?:cdc_|rndis|usbnet|ipheth|qmi_wwan|r815\d|asix|ax88|aqc111|lan78|smsc7|smsc9|dm9601|pegasus|kaweth)/u;
/** IEEE 802: the second lowest bit of the first byte. Makers give such addresses to any number of ports. */
const locallyAdministered = 0x02;

/**
 * The addresses that identify a machine, as `aa:bb:cc:dd:ee:ff`, without duplicates. Leaves out the host's end of a
 * management controller's USB network, whose address many boards share. Pure.
 */
export function identifyingMacs(interfaces: readonly Pick<NetworkInterface, "mac" | "bus" | "driver">[]): string[] {
  const macs = interfaces
    .filter(({ mac, bus, driver }) => {
      const onUsb = bus === "usb" || (bus === "" && usbDrivers.test(driver));
      return !onUsb || ((mac[0] ?? 0) & locallyAdministered) === 0;
    })
    .flatMap(({ mac }) => macOfBytes(mac) ?? [])
    .filter(macTellsApart);
  return [...new Set(macs)];
}
