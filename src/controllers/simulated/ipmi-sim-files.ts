/** What ipmi_sim is configured with. */
export interface IpmiSimSettings {
  /** The UDP port on 127.0.0.1. */
  port: number;
  userName: string;
  /** At most 20 bytes. */
  password: string;
  /** The machine's SMBIOS UUID, which the controller reports as its GUID. */
  smbiosUuid: string;
  /** The command line that ipmi_sim runs for each action, followed by words such as `get power` or `set boot pxe`. */
  chassisCommand: string;
}

/**
 * The two files that OpenIPMI's ipmi_sim reads: `-c` and `-f` (ipmi_lan(5), ipmi_sim_cmd(5); `chassis_control` is
 * only in its source). Pure.
 */
export function ipmiSimFiles(settings: IpmiSimSettings): { lan: string; emulator: string } {
  const { port, userName, password, smbiosUuid, chassisCommand } = settings;
  return {
    lan: `name "farrier"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid ${smbiosGuid(smbiosUuid)}
  endlan
  chassis_control "${chassisCommand}"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "${userName}" "${password}" admin 10 none md2 md5 straight
`,
    emulator: `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`,
  };
}

/** A UUID's bytes in the order of SMBIOS: the first three fields begin with their last byte. */
function smbiosGuid(uuid: string): string {
  const [first = "", second = "", third = "", ...rest] = uuid.split("-");
  return (
    [first, second, third].map((field) => (field.match(/../gu) ?? []).toReversed().join("")).join("") + rest.join("")
  );
}
