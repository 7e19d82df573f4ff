/** The name of the list of the built console's files, in their directory. */
export const consoleListName = "console.json";

/** A file of the built console. */
export interface ConsoleFile {
  /** Its content type. */
  type: string;
  bytes: number;
  /** Size in bytes of the same file with ".br" after its name; absent if there is none. */
  br?: number;
  /** Size in bytes of the same file with ".gz" after its name; absent if there is none. */
  gz?: number;
}

/** What the build writes about the console. */
export interface ConsoleList {
  /** Digest of the sources that it was built from. */
  sources: string;
  /** By path below the directory. */
  files: Record<string, ConsoleFile>;
}
