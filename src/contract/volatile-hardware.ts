// Which fields of a hardware report describe the machine, and which only a moment. The table is complete: a field of
// the messages that is missing here fails this file's test.
import { clearField, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { NodeSchema, type Node } from "../../gen/cloud/agent/api/hardware_pb.ts";

/**
 * The kind of a field. `hardware`: another value means other hardware, so another report is stored. `condition`:
 * another value is shown in a comparison of two reports, but makes no new report. `reading`: changes by itself all the
 * time.
 */
export type HardwareFieldKind = "hardware" | "condition" | "reading";

/** Every field of Node and of the messages in it, as "Message.field_name". */
export const hardwareFieldKinds: Readonly<Record<string, HardwareFieldKind>> = {
  "Node.manufacturer": "hardware",
  "Node.product": "hardware",
  "Node.serial_number": "hardware",
  "Node.memory_installed_bytes": "hardware",
  "Node.memory_usable_ratio": "condition",
  "Node.cpu": "hardware",
  "Node.block_device": "hardware",
  "Node.network_interface": "hardware",
  "Node.efi_support": "hardware",
  "Node.smbios_uuid": "hardware",
  "Node.product_version": "hardware",
  "Node.sku_number": "hardware",
  "Node.firmware": "hardware",
  "Node.board": "hardware",
  "Node.chassis": "hardware",
  "Node.memory_device": "hardware",
  "Node.memory_maximum_bytes": "hardware",
  "Node.memory_error_correction": "hardware",
  "Node.numa_node": "hardware",
  "Node.pci_device": "hardware",
  "Node.tpm": "hardware",
  "Node.secure_boot": "hardware",
  "Node.bmc": "hardware",
  "Node.memory_persistent_bytes": "hardware",
  "Firmware.vendor": "hardware",
  "Firmware.version": "hardware",
  "Firmware.release_date": "hardware",
  "Board.manufacturer": "hardware",
  "Board.product": "hardware",
  "Board.version": "hardware",
  "Board.serial_number": "hardware",
  "Board.asset_tag": "hardware",
  "Chassis.manufacturer": "hardware",
  "Chassis.kind": "hardware",
  "Chassis.version": "hardware",
  "Chassis.serial_number": "hardware",
  "Chassis.asset_tag": "hardware",
  "Chassis.height_units": "hardware",
  "MemoryDevice.locator": "hardware",
  "MemoryDevice.bank_locator": "hardware",
  "MemoryDevice.size_bytes": "hardware",
  "MemoryDevice.kind": "hardware",
  "MemoryDevice.form_factor": "hardware",
  "MemoryDevice.speed_mts": "hardware",
  "MemoryDevice.configured_speed_mts": "hardware",
  "MemoryDevice.manufacturer": "hardware",
  "MemoryDevice.serial_number": "hardware",
  "MemoryDevice.part_number": "hardware",
  "MemoryDevice.asset_tag": "hardware",
  "MemoryDevice.ranks": "hardware",
  "MemoryDevice.total_width_bits": "hardware",
  "MemoryDevice.data_width_bits": "hardware",
  "MemoryDevice.technology": "hardware",
  "MemoryDevice.persistent_bytes": "hardware",
  "MemoryDevice.size_unknown": "hardware",
  "NumaNode.number": "hardware",
  "NumaNode.cpus": "hardware",
  "NumaNode.memory_bytes": "reading",
  "NumaNode.distance": "hardware",
  "PciDevice.address": "hardware",
  "PciDevice.class": "hardware",
  "PciDevice.vendor_id": "hardware",
  "PciDevice.device_id": "hardware",
  "PciDevice.subsystem_vendor_id": "hardware",
  "PciDevice.subsystem_device_id": "hardware",
  "PciDevice.revision": "hardware",
  "PciDevice.driver": "hardware",
  "PciDevice.numa_node": "hardware",
  "PciDevice.link_width": "hardware",
  "PciDevice.link_width_maximum": "hardware",
  "PciDevice.link_speed": "reading",
  "PciDevice.link_speed_maximum": "hardware",
  "PciDevice.memory_bytes": "hardware",
  "Tpm.version": "hardware",
  "Tpm.manufacturer": "hardware",
  "Tpm.firmware_version": "hardware",
  "Tpm.driver": "hardware",
  "Bmc.interface": "hardware",
  "Bmc.ipmi_version": "hardware",
  "Bmc.base_address": "hardware",
  "Bmc.firmware_version": "hardware",
  "Bmc.manufacturer_id": "hardware",
  "Bmc.product_id": "hardware",
  "Bmc.guid": "hardware",
  "Bmc.redfish_address": "hardware",
  "Bmc.redfish_port": "hardware",
  "Bmc.redfish_hostname": "hardware",
  "X86_64.family": "hardware",
  "X86_64.model": "hardware",
  "X86_64.stepping": "hardware",
  "CPU.x86_64": "hardware",
  "CPU.cores": "hardware",
  "CPU.hardware_threads": "hardware",
  "CPU.vendor": "hardware",
  "CPU.model": "hardware",
  "CPU.microcode": "hardware",
  "BlockDevice.vendor": "hardware",
  "BlockDevice.device_model": "hardware",
  "BlockDevice.serial_number": "hardware",
  "BlockDevice.wwn": "hardware",
  "BlockDevice.rotational": "hardware",
  "BlockDevice.capacity_bytes": "hardware",
  "BlockDevice.logical_block_size_bytes": "hardware",
  "BlockDevice.physical_block_size_bytes": "hardware",
  "BlockDevice.protocol": "hardware",
  "BlockDevice.critical_warning": "hardware",
  "BlockDevice.media_errors": "hardware",
  "BlockDevice.available_spare_ratio": "condition",
  "BlockDevice.usage_ratio": "condition",
  "BlockDevice.name": "hardware",
  "BlockDevice.by_path": "hardware",
  "BlockDevice.by_id": "hardware",
  "BlockDevice.firmware_version": "hardware",
  "BlockDevice.transport": "hardware",
  "BlockDevice.removable": "hardware",
  "BlockDevice.pci_address": "hardware",
  "BlockDevice.numa_node": "hardware",
  "BlockDevice.temperature_celsius": "reading",
  "BlockDevice.power_on_hours": "reading",
  "BlockDevice.power_cycles": "reading",
  "BlockDevice.unsafe_shutdowns": "reading",
  "BlockDevice.written_bytes": "reading",
  "BlockDevice.available_spare_limit_ratio": "hardware",
  "BlockDevice.smart_attribute": "reading",
  "SmartAttribute.number": "hardware",
  "SmartAttribute.name": "hardware",
  "SmartAttribute.value": "hardware",
  "SmartAttribute.worst": "hardware",
  "SmartAttribute.limit": "hardware",
  "SmartAttribute.raw": "hardware",
  "SmartAttribute.failing": "hardware",
  "NetworkInterface.mac": "hardware",
  "NetworkInterface.driver": "hardware",
  "NetworkInterface.supported_speed_bytes": "hardware",
  "NetworkInterface.link_up": "condition",
  "NetworkInterface.current_speed_bytes": "condition",
  "NetworkInterface.name": "hardware",
  "NetworkInterface.pci_address": "hardware",
  "NetworkInterface.numa_node": "hardware",
  "NetworkInterface.duplex": "condition",
  "NetworkInterface.port": "hardware",
  "NetworkInterface.bus": "hardware",
};

/** The kind of a field; a field that the table does not have counts as hardware. */
export function hardwareFieldKind(field: DescField): HardwareFieldKind {
  return hardwareFieldKinds[`${field.parent.name}.${field.name}`] ?? "hardware";
}

/** Clears every field of a machine's report that does not describe the machine. Changes the node. */
export function clearVolatile(node: Node): void {
  clearMessage(NodeSchema, node);
}

function clearMessage(schema: DescMessage, message: Message): void {
  for (const field of schema.fields) {
    if (hardwareFieldKind(field) !== "hardware") {
      clearField(message, field);
      continue;
    }
    if (field.message === undefined || field.oneof !== undefined) {
      // Not a message, or one of the processor's kinds, which are entirely hardware.
      continue;
    }
    const value = (message as unknown as Readonly<Record<string, unknown>>)[field.localName];
    for (const part of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      if (part !== undefined) {
        clearMessage(field.message, part as Message);
      }
    }
  }
}
