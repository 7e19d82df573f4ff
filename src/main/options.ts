import type { HostPort } from "../lib/net/host-port.ts";

// What each process takes. The command line imports these types, and nothing else of this folder.

/** The configurable properties of a lab machine. */
export interface LabShape {
  firmware: "uefi" | "bios" | "uefi-secure";
  disk: "virtio" | "nvme" | "sata";
  disks: number;
  diskBytes: number;
  nics: number;
  memoryMiB: number;
  cpus: number;
}

/** The protocols of the controller in front of a lab machine. */
export type LabProtocol = "redfish" | "ipmi";

/** A controller in front of a lab machine, and what opens it. */
export interface LabControllerSummary {
  name: string;
  protocol: LabProtocol;
  url: string;
  /** SHA-256 of the certificate; absent for IPMI, which has none. */
  sha256?: string;
  userName: string;
  passwordFile: string;
  passwordMadeAt: Date;
}

/** A lab machine as `farrier lab list` shows it. */
export interface LabMachineSummary {
  name: string;
  uuid: string;
  power: "on" | "off";
  firmware: LabShape["firmware"];
  disks: { kind: LabShape["disk"]; bytes: number }[];
  macs: string[];
  /** Its controller's URL; absent if it has none. */
  controller?: string;
  /** Whether the controller is served now; absent if it has none. */
  served?: boolean;
}

/** Options of all processes of the control plane. */
interface ProcessOptions {
  /** The folder of tokens, certificates and the embedded PostgreSQL. */
  dataDir: string;
  /** Log at level debug, and show stack traces. */
  debug: boolean;
}

/** A cache of images. */
export interface ImageCacheOptions {
  /** Its folder, or oci://HOST/REPOSITORY; absent means `cache` in the data directory. */
  place: string | undefined;
  /** The file with USER:PASSWORD of the registry. */
  credentialsFile: string | undefined;
  /** Maximum bytes of its files. */
  room: number;
  /** The address by which machines fetch from it; absent means the address of its listener. */
  url: string | undefined;
  /** A port of its own; absent means the port of network boot. */
  listen?: HostPort | undefined;
}

/** Where installed systems report that they came up. */
export interface CameUpAddress {
  /** The address that is listened on. */
  listen: HostPort;
  /** How systems reach it; absent means the name by which agents reach this host, and the port that is listened on. */
  reach: HostPort | undefined;
}

/** `farrier up`: everything in one process. */
export interface UpOptions extends ProcessOptions {
  /** Address of the agent port. */
  agents: HostPort;
  /** Address of the operator port. */
  operators: HostPort;
  cameUp: CameUpAddress | undefined;
  /** A PostgreSQL to use instead of the embedded one. */
  databaseUrl: string | undefined;
  /** Key file for secrets in the database; absent means `secrets-key` in the data directory. */
  secretsKey: string | undefined;
  /** The system user of the embedded PostgreSQL if root starts it; absent means `farrier-db`. */
  databaseUser: string | undefined;
  /** Names and addresses by which agents reach this host, besides those listened on. They go into its certificate. */
  serverNames: readonly string[];
  /** Further host names of the operator port, such as a proxy's. */
  operatorNames: readonly string[];
  operatorTls: OperatorTlsFiles;
  /** Address of network boot; undefined means off. */
  netboot: HostPort | undefined;
  /** The folder of boot images; absent means `boot-image` in the data directory. */
  bootImages: string | undefined;
  kernelArguments: string;
  /** The URL by which controllers fetch boot media; absent means the address of network boot. */
  mediaUrl: string | undefined;
  /** The cache of images, on the port of network boot. */
  cache: ImageCacheOptions;
  /** The file of providers; absent means the lab alone. */
  providers: string | undefined;
}

/** `farrier netboot`: network boot, on a given PostgreSQL. */
export interface NetbootOptions extends ProcessOptions {
  databaseUrl: string;
  listen: HostPort;
  /** The folder of boot images; absent means `boot-image` in the data directory. */
  bootImages: string | undefined;
  kernelArguments: string;
  /** The URL by which controllers fetch boot media; absent means the address of network boot. */
  mediaUrl: string | undefined;
  /** How agents reach the agent API; absent means port 8443 of the host that they boot from. */
  agents: HostPort | undefined;
  /** PEM file of the CA of the agent port's certificate; absent means the data directory's own. */
  caFile: string | undefined;
  /** The cache of images; absent means that it has none. */
  cache: ImageCacheOptions | undefined;
  /** Key file for secrets in the database, for the cache; absent means `secrets-key` in the data directory. */
  secretsKey: string | undefined;
  /** DHCP options; undefined means that another server provides DHCP. */
  dhcp: NetbootDhcp | undefined;
}

/** The configuration of dnsmasq on one network. */
export interface NetbootDhcp {
  interface: string;
  /** The first and last address, "A,B"; undefined means ProxyDHCP: another server assigns addresses. */
  range: string | undefined;
  router: string | undefined;
  dns: string | undefined;
}

/** The operator port's own certificate, and the CA of operators' certificates. */
export interface OperatorTlsFiles {
  /** PEM files; absent means made and kept in the data directory if TLS is needed. */
  server: { certFile: string; keyFile: string } | undefined;
  /** PEM file of the CA of operators' client certificates; absent means that operators have tokens only. */
  clientCaFile: string | undefined;
}

/** `farrier server`: the agent API, the operator API and the janitor, on a given PostgreSQL. */
export interface ServerOptions extends ProcessOptions {
  agents: HostPort;
  operators: HostPort;
  cameUp: CameUpAddress | undefined;
  databaseUrl: string;
  /** Key file for secrets in the database; absent means `secrets-key` in the data directory. */
  secretsKey: string | undefined;
  serverNames: readonly string[];
  /** The cache of images; absent means that it has none. */
  cache: ImageCacheOptions | undefined;
  /** Migrate the database before serving. */
  migrate: boolean;
  /** Number of processes that share the ports. */
  workers: number;
  /** Further host names of the operator port, such as a proxy's. */
  operatorNames: readonly string[];
  operatorTls: OperatorTlsFiles;
  /** PEM files of the agent API; absent means made and kept in the data directory. */
  tls: AgentTlsFiles | undefined;
}

/** The agent port's certificate, its private key, and the CA that issued it. */
export interface AgentTlsFiles {
  certFile: string;
  keyFile: string;
  caFile: string;
}

/** `farrier shepherd`: the loops that look after agents. */
export interface ShepherdOptions extends ProcessOptions {
  databaseUrl: string;
  /** Key file for secrets in the database; absent means `secrets-key` in the data directory. */
  secretsKey: string | undefined;
  /** The folder of the lab machines that the shepherd manages; absent means none. */
  lab: string | undefined;
  /** Where netboot listens, for lab machines. */
  netboot: HostPort | undefined;
  /** How the agents of takeovers reach the agent API; absent means port 8443 of the address by which a host was reached. */
  agents: HostPort | undefined;
  /** PEM file of the CA of the agent port's certificate; absent means the data directory's own. */
  caFile: string | undefined;
  /** The folder of boot images; absent means `boot-image` in the data directory. */
  bootImages: string | undefined;
  kernelArguments: string;
  /** The file of providers; absent means none. */
  providers: string | undefined;
}

/** `farrier migrate`. */
export interface MigrateOptions extends ProcessOptions {
  /** Absent means the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
}

/** `farrier agent run`. */
export interface AgentRunOptions {
  /** File with AgentInit as protobuf JSON. */
  init: string;
  /** A directory whose files are used as disks; absent means this host's disks. */
  fileDisks: string | undefined;
  /** The file for the log; absent means standard error. */
  logFile: string | undefined;
  debug: boolean;
}

/** `farrier simulate`. Times in milliseconds. */
export interface SimulateOptions {
  agents: number;
  interval: number;
  /** As typed; absent means none. */
  faults: string | undefined;
  /** Machines whose first generation fails. */
  failing: number;
  seed: string;
  duration: number;
  installsPerMinute: number;
  /** Empty means the endpoint that the control plane names. */
  endpoints: readonly HostPort[];
  /** The operator API's URL, and the token. */
  operators: string;
  token: string;
  /** Allow control planes on other hosts. */
  anywhere: boolean;
  json: boolean;
}

/** `farrier backup`. */
export interface BackupOptions extends ProcessOptions {
  /** Absent means the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
  /** The file to write. */
  file: string;
  /** Whether the key file goes into the backup. */
  withSecretsKey: boolean;
}

/** `farrier restore`. */
export interface RestoreOptions extends ProcessOptions {
  /** Absent means the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
  /** The backup to restore. */
  file: string;
}

/** The set of drivers in a boot image. */
export type BootImageDrivers = "lab" | "all";

/** `farrier boot-image build`. */
export interface BootImageBuildOptions {
  drivers: BootImageDrivers;
  /** The output directory. */
  out: string;
  /** A folder of .deb files; absent means that apt fetches them. */
  packages: string | undefined;
  /** The .deb files of firmware to include. */
  firmware: readonly string[];
  /** Make agent.iso too, with this kernel command line. */
  iso: boolean;
  kernelArguments: string;
  /** The cache directory of programs (XDG_CACHE_HOME); absent means ~/.cache. */
  cacheHome: string | undefined;
}

/** `farrier image build`. */
export interface ImageBuildOptions {
  /** Debian's image boots with both kinds of firmware. */
  system: { kind: "tiny"; firmware: "uefi" | "bios" } | { kind: "debian" };
  /** The file to write. */
  out: string;
  /** The cache directory of programs (XDG_CACHE_HOME); absent means ~/.cache. */
  cacheHome: string | undefined;
}
