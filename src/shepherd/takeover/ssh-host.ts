/** The result of a command on a host. */
export interface HostRan {
  /** The command's exit status. */
  status: number;
  /** As it came: a text of it goes through {@link TakeoverHost.clean} before it is shown. */
  stdout: Buffer;
  /** At most its last 16 KiB, without what opens the host. */
  stderr: string;
}

/** What a command gets and may cost. */
export interface HostRunOptions {
  /** Bytes for its standard input, or the path of a file with them; absent means none. */
  input?: Uint8Array | { file: string };
  /** Seconds. */
  limit: number;
  signal: AbortSignal;
}

/** A host on which commands are run. */
export interface TakeoverHost {
  /**
   * Runs a command by the account's shell.
   * @throws {TakeoverError} `unreachable`, `host_key`, `unauthorized`, `limit`
   */
  run(command: string, options: HostRunOptions): Promise<HostRan>;
  /** A text of the host's without the password or key that opens it, which it may repeat. Call it before the text is cut. */
  clean(text: string): string;
}
