/** What a host said of itself. */
export interface HostProbe {
  root: "yes" | "sudo" | "no";
  /** Why sudo refused. */
  sudo: string;
  /** As `uname -m` prints it. */
  architecture: string;
  kernel: string;
  /** Bytes; undefined if the host did not say. */
  memoryTotal: number | undefined;
  memoryAvailable: number | undefined;
  /** Whether the kernel can start another one at all. */
  kexec: boolean;
  /** Whether the host's administrator has switched that off until the next boot. */
  kexecDisabled: boolean;
  /** The kernel's lockdown: none, integrity, confidentiality; "" where it has none. */
  lockdown: string;
  bootId: string;
  commandLine: string;
  /** The kind of container that it is; "" if it is none. */
  container: string;
  systemd: boolean;
  run: boolean;
  /** The address from which the host sees the shepherd. */
  client: string;
  /** SMBIOS UUID in lower case; "" if it did not say. */
  uuid: string;
  /** JSON of iproute2's `ip`, as it was printed. */
  addresses: string;
  routes: string;
  routes6: string;
  /** resolv.conf, of systemd-resolved first. */
  resolver: string;
}

/** Reads the probe's output; undefined if it is not whole. Pure. */
export function probeRead(text: string): HostProbe | undefined {
  const [head = "", ...parts] = text.split(/^@@/mu);
  const sections = new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return [part.slice(0, end), part.slice(end + 1).trim()] as const;
    }),
  );
  const values = new Map(
    head.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()] as const] : [];
    }),
  );
  const value = (name: string): string => values.get(name) ?? "";
  const section = (name: string): string => sections.get(name) ?? "";
  // A login script may print a banner before it.
  if (value("farrier-probe") !== "1" || !sections.has("end")) {
    return undefined;
  }
  const root = value("root");
  return {
    root: root === "yes" || root === "sudo" ? root : "no",
    sudo: value("sudo"),
    architecture: value("architecture"),
    kernel: value("kernel"),
    memoryTotal: kibibytes(value("memtotal")),
    memoryAvailable: kibibytes(value("memavailable")),
    kexec: value("kexec") === "yes",
    kexecDisabled: value("kexec-disabled") === "1",
    // All that there are, the present one in brackets: "none [integrity] confidentiality".
    lockdown: /\[(?<name>[a-z]+)\]/u.exec(value("lockdown"))?.groups?.["name"] ?? "",
    bootId: value("boot-id"),
    commandLine: value("command-line"),
    container: value("container") === "none" ? "" : value("container"),
    systemd: value("systemd") === "yes",
    run: value("run") === "yes",
    client: value("client"),
    uuid: value("uuid").toLowerCase(),
    addresses: section("addresses"),
    routes: section("routes"),
    routes6: section("routes6"),
    resolver: section("resolver"),
  };
}

function kibibytes(text: string): number | undefined {
  return /^\d{1,12}$/u.test(text) ? Number(text) * 1024 : undefined;
}
