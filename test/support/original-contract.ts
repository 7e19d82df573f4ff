/**
 * The messages of the original contract: each field below 100 as "number name". Agents in the field speak them, so nothing
 * here ever changes. Messages of the same packages that are not here are Farrier's own.
 */
export const originalMessages: Readonly<Record<string, readonly string[]>> = {
  "cloud.bmaas.server.api.AgentHeartbeatRequest": ["1 machine_id", "2 hardware_report", "3 installation_report"],
  "cloud.bmaas.server.api.AgentHeartbeatResponse": ["1 installation_request"],
  "cloud.bmaas.server.api.AgentHardwareReport": ["1 report", "2 warning"],
  "cloud.bmaas.server.api.OSInstallationReport": ["1 generation", "2 success", "3 error"],
  "cloud.bmaas.server.api.OSInstallationReport.Success": [],
  "cloud.bmaas.server.api.OSInstallationReport.Error": ["1 error"],
  // Field 16 is Farrier's: the one below 100.
  "cloud.bmaas.server.api.OSInstallationRequest": ["1 generation", "2 metropolis", "16 image"],
  "cloud.bmaas.server.api.MetropolisInstallation": [],
  "cloud.agent.api.Node": [
    "1 manufacturer",
    "2 product",
    "3 serial_number",
    "8 memory_installed_bytes",
    "9 memory_usable_ratio",
    "10 cpu",
    "11 block_device",
    "12 network_interface",
    "13 efi_support",
  ],
  "cloud.agent.api.CPU": ["1 x86_64", "8 cores", "9 hardware_threads", "10 vendor", "11 model"],
  "cloud.agent.api.CPU.X86_64": ["1 family", "2 model", "3 stepping"],
  "cloud.agent.api.BlockDevice": [
    "1 vendor",
    "2 device_model",
    "3 serial_number",
    "4 wwn",
    "5 rotational",
    "6 capacity_bytes",
    "7 logical_block_size_bytes",
    "8 physical_block_size_bytes",
    "9 protocol",
    "10 critical_warning",
    "11 media_errors",
    "12 available_spare_ratio",
    "13 usage_ratio",
  ],
  "cloud.agent.api.NetworkInterface": [
    "1 mac",
    "2 driver",
    "3 supported_speed_bytes",
    "4 link_up",
    "5 current_speed_bytes",
  ],
  "cloud.agent.api.TakeoverInit": ["1 machine_id", "2 bmaas_endpoint", "3 ca_certificate"],
  "cloud.agent.api.TakeoverSuccess": ["1 init_message", "2 key", "3 warning"],
  "cloud.agent.api.TakeoverError": ["1 message"],
  "cloud.agent.api.TakeoverResponse": ["1 success", "2 error"],
  "cloud.agent.api.AgentInit": ["1 takeover_init", "2 private_key", "3 network_config"],
};

/** The enums of the original contract, in the same way. */
export const originalEnums: Readonly<Record<string, readonly string[]>> = {
  "cloud.agent.api.BlockDevice.Protocol": [
    "0 PROTOCOL_UNKNOWN",
    "1 PROTOCOL_SCSI",
    "2 PROTOCOL_ATA",
    "3 PROTOCOL_NVME",
    "4 PROTOCOL_MMC",
  ],
  "cloud.agent.api.EFISupport": [
    "0 EFI_SUPPORT_INVALID",
    "1 EFI_SUPPORT_UNKNOWN",
    "2 EFI_SUPPORT_UNSUPPORTED",
    "3 EFI_SUPPORT_SUPPORTED",
    "4 EFI_SUPPORT_ENABLED",
  ],
};
