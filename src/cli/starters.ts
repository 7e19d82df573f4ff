import type {
  AgentRunOptions,
  BackupOptions,
  BootImageBuildOptions,
  ImageBuildOptions,
  LabProtocol,
  LabControllerSummary,
  LabMachineSummary,
  LabShape,
  MigrateOptions,
  NetbootOptions,
  RestoreOptions,
  ServerOptions,
  ShepherdOptions,
  SimulateOptions,
  UpOptions,
} from "../main/options.ts";

/**
 * The functions that start processes, passed to the commands by main/. Each resolves to the exit status when the
 * process is to end.
 */
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

/** `farrier lab …`: operations on lab machines. */
export interface LabStarter {
  /** Makes the missing machines, and has all controllers of the lab served; resolves to the names of all. */
  up(options: {
    dataDir: string;
    names: readonly string[];
    shape: LabShape;
    controller: LabProtocol | undefined;
  }): Promise<string[]>;
  /** The controllers of these machines, without those that have none. */
  controllers(options: { dataDir: string; names: readonly string[] }): Promise<LabControllerSummary[]>;
  /** Serves all controllers of the lab until the last is gone or the process is told to end. */
  controllersServe(options: { dataDir: string; debug: boolean }): Promise<number>;
  /** Deletes the named machines, or all if none is named; resolves to the deleted ones. */
  down(options: { dataDir: string; names: readonly string[] }): Promise<LabMachineSummary[]>;
  list(options: { dataDir: string }): Promise<LabMachineSummary[]>;
  power(options: {
    dataDir: string;
    name: string;
    action: "on" | "off" | "reset";
    boot: "network" | "disk" | "medium" | undefined;
  }): Promise<void>;
  /** Puts a file into a machine's drive; undefined empties the drive. */
  medium(options: { dataDir: string; name: string; file: string | undefined }): Promise<void>;
  /** Resolves when all is shown, or with `follow` when interrupted. */
  console(options: {
    dataDir: string;
    name: string;
    lines: number | undefined;
    follow: boolean;
    write: (text: string) => void;
  }): Promise<void>;
}
