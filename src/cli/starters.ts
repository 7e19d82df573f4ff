import type { HostPort } from "../lib/net/host-port.ts";

/** What the commands that start a process hand over to. Each resolves to the exit status once the process is to end. */
export interface Starters {
  up(options: UpOptions): Promise<number>;
  server(options: ServerOptions): Promise<number>;
  shepherd(options: ShepherdOptions): Promise<number>;
  netboot(options: NetbootOptions): Promise<number>;
  migrate(options: MigrateOptions): Promise<number>;
  backup(options: BackupOptions): Promise<number>;
  restore(options: RestoreOptions): Promise<number>;
  agentRun(options: AgentRunOptions): Promise<number>;
  simulate(options: SimulateOptions): Promise<number>;
  imageBuild(options: ImageBuildOptions): Promise<number>;
  bootImageBuild(options: BootImageBuildOptions): Promise<number>;
  lab: LabStarter;
}

/** `farrier lab …`: what is done to lab machines. */
export interface LabStarter {
  /** Makes those that are missing; returns the names of all. */
  up(options: { dataDir: string; names: readonly string[]; shape: LabShape }): Promise<string[]>;
  /** Takes those away, or all where none is named; returns what they were. */
  down(options: { dataDir: string; names: readonly string[] }): Promise<LabMachineSummary[]>;
  list(options: { dataDir: string }): Promise<LabMachineSummary[]>;
  power(options: {
    dataDir: string;
    name: string;
    action: "on" | "off" | "reset";
    boot: "network" | "disk" | undefined;
  }): Promise<void>;
  /** Resolves when all is shown; with `follow` when interrupted. */
  console(options: {
    dataDir: string;
    name: string;
    lines: number | undefined;
    follow: boolean;
    write: (text: string) => void;
  }): Promise<void>;
}

/** What may be chosen of a lab machine. */
export interface LabShape {
  firmware: "uefi" | "bios";
  disk: "virtio" | "nvme" | "sata";
  disks: number;
  diskBytes: number;
  nics: number;
  memoryMiB: number;
  cpus: number;
}

/** A lab machine, as it is listed. */
export interface LabMachineSummary {
  name: string;
  uuid: string;
  power: "on" | "off";
  firmware: LabShape["firmware"];
  disks: { kind: LabShape["disk"]; bytes: number }[];
  macs: string[];
}

/** What all processes of the control plane take. */
interface ProcessOptions {
  /** Where tokens, certificates and embedded PostgreSQL are kept. */
  dataDir: string;
  /** Log at debug, and show stack traces. */
  debug: boolean;
}

/** `farrier up`: everything in one process. */
export interface UpOptions extends ProcessOptions {
  /** Where agents are served. */
  agents: HostPort;
  /** Where operators are served. */
  operators: HostPort;
  /** A PostgreSQL to use in place of the embedded one. */
  databaseUrl: string | undefined;
  /** Whom root runs the embedded one as; absent = a system user of its own. */
  databaseUser: string | undefined;
  /** Names and addresses, besides those listened on, that agents reach this host by: they go into its certificate. */
  serverNames: readonly string[];
  /** Names of proxies that lead to the operator port. */
  operatorNames: readonly string[];
  operatorTls: OperatorTlsFiles;
  /** Where machines boot from; undefined = nowhere. */
  netboot: HostPort | undefined;
  /** Absent = `boot-image` in the data directory. */
  bootImages: string | undefined;
  kernelArguments: string;
}

/** `farrier netboot`: what machines boot from, on a given PostgreSQL. */
export interface NetbootOptions extends ProcessOptions {
  databaseUrl: string;
  listen: HostPort;
  /** Absent = `boot-image` in the data directory. */
  bootImages: string | undefined;
  kernelArguments: string;
  /** How agents reach the agent API; absent = on its usual port of the host that they boot from. */
  agents: HostPort | undefined;
  /** PEM file of the CA that vouches for the agent API; absent = the data directory's own. */
  caFile: string | undefined;
  /** DHCP on a network; undefined = there is somebody else's. */
  dhcp: NetbootDhcp | undefined;
}

/** What dnsmasq is to do on a network. */
export interface NetbootDhcp {
  interface: string;
  /** The first and the last address, "A,B"; undefined = ProxyDHCP: another server gives addresses. */
  range: string | undefined;
  router: string | undefined;
  dns: string | undefined;
}

/** How the operator port proves itself, and what operators' certificates are checked by. */
export interface OperatorTlsFiles {
  /** PEM files; absent = made and kept in the data directory where TLS is needed. */
  server: { certFile: string; keyFile: string } | undefined;
  /** PEM file of the CA that issues operators' client certificates; absent = operators have tokens alone. */
  clientCaFile: string | undefined;
}

/** `farrier server`: the agent API, the operator API and the janitor, on a given PostgreSQL. */
export interface ServerOptions extends ProcessOptions {
  agents: HostPort;
  operators: HostPort;
  databaseUrl: string;
  serverNames: readonly string[];
  /** Migrate the database before serving. */
  migrate: boolean;
  /** Processes that share the ports. */
  workers: number;
  /** Names of proxies that lead to the operator port. */
  operatorNames: readonly string[];
  operatorTls: OperatorTlsFiles;
  /** PEM files of the agent API; absent = made and kept in the data directory. */
  tls: AgentTlsFiles | undefined;
}

/** The agent API's certificate, its key, and the CA that vouches for it. */
export interface AgentTlsFiles {
  certFile: string;
  keyFile: string;
  caFile: string;
}

/** `farrier shepherd`: the loops that look after agents. */
export interface ShepherdOptions {
  databaseUrl: string;
  /** The folder of the lab machines that it looks after; absent = none. */
  lab: string | undefined;
  /** Where netboot listens, for lab machines. */
  netboot: HostPort | undefined;
  debug: boolean;
}

/** `farrier migrate`. */
export interface MigrateOptions extends ProcessOptions {
  /** Absent = the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
}

/** `farrier agent run`. */
export interface AgentRunOptions {
  /** File with AgentInit as protobuf JSON. */
  init: string;
  /** A directory each file of which is a disk; absent = this host's disks. */
  fileDisks: string | undefined;
  /** The file that the log is written to; absent = standard error. */
  logFile: string | undefined;
  debug: boolean;
}

/** `farrier simulate`. Times in milliseconds. */
export interface SimulateOptions {
  agents: number;
  interval: number;
  /** As it was typed; absent = none. */
  faults: string | undefined;
  seed: string;
  duration: number;
  installsPerMinute: number;
  /** Empty = where the control plane says. */
  endpoints: readonly HostPort[];
  /** The operator API's URL, and the token. */
  operators: string;
  token: string;
  /** Also control planes that are not on this host. */
  anywhere: boolean;
  json: boolean;
}

/** `farrier backup`. */
export interface BackupOptions extends ProcessOptions {
  /** Absent = the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
  /** What to write. */
  file: string;
}

/** `farrier restore`. */
export interface RestoreOptions extends ProcessOptions {
  /** Absent = the embedded PostgreSQL of the data directory. */
  databaseUrl: string | undefined;
  /** What `farrier backup` wrote. */
  file: string;
}

/** Which drivers a boot image has. */
export type BootImageProfile = "lab" | "full";

/** `farrier boot-image build`. */
export interface BootImageBuildOptions {
  profile: BootImageProfile;
  /** A directory. */
  out: string;
  /** A folder of .deb files; absent = apt fetches them. */
  packages: string | undefined;
  /** .deb files. */
  firmware: readonly string[];
  /** Where programs keep what they can fetch again; absent = ~/.cache. */
  cacheHome: string | undefined;
}

/** `farrier image build`. */
export interface ImageBuildOptions {
  /** Debian's is for both kinds of firmware. */
  system: { kind: "tiny"; firmware: "uefi" | "bios" } | { kind: "debian" };
  /** A file. */
  out: string;
  /** Where programs keep what they can fetch again; absent = ~/.cache. */
  cacheHome: string | undefined;
}
