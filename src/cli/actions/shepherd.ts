import type { HostPort } from "../../lib/net/host-port.ts";
import type { CliContext } from "../context.ts";
import { dataDirectory, type CommonFlags } from "../flags/common.ts";
import { databaseUrlRequired, type DatabaseFlags } from "../flags/database.ts";

/** Flags of `farrier shepherd`. */
export interface ShepherdFlags extends CommonFlags, DatabaseFlags {
  lab: string | undefined;
  netboot: HostPort | undefined;
  secretsKey: string | undefined;
  agents: HostPort | undefined;
  tlsCa: string | undefined;
  bootImages: string | undefined;
  kernelArguments: string;
  providers: string | undefined;
}

/** `farrier shepherd` */
export async function shepherdAction(this: CliContext, flags: ShepherdFlags): Promise<void> {
  const databaseUrl = databaseUrlRequired(flags, this.process.env);
  this.process.exitCode = await this.starters.shepherd({
    dataDir: dataDirectory(flags, this.process.env),
    debug: this.debug,
    databaseUrl,
    secretsKey: flags.secretsKey,
    providers: flags.providers,
    lab: flags.lab,
    netboot: flags.netboot,
    agents: flags.agents,
    caFile: flags.tlsCa,
    bootImages: flags.bootImages,
    kernelArguments: flags.kernelArguments,
  });
}
