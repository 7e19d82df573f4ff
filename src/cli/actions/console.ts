import { randomUUID } from "node:crypto";
import { operatorAccess } from "../call/access.ts";
import { browserOpen } from "../call/browser-open.ts";
import { operatorClient } from "../call/client.ts";
import { linkDirectory, linkFileWrite } from "../call/link-file.ts";
import type { CliContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { dataDirectory } from "../flags/common.ts";
import type { ClientFlags } from "../flags/client.ts";
import { systemWords } from "../../lib/host/system-words.ts";

/** Flags of `farrier console`. */
export interface ConsoleFlags extends Omit<ClientFlags, "output" | "json"> {
  print: boolean | undefined;
}

/** `farrier console` */
export async function consoleAction(this: CliContext, flags: ConsoleFlags): Promise<void> {
  const { env, stdout, stderr } = this.process;
  const { url } = await operatorAccess(flags, env);
  const { console: service } = await operatorClient(flags, env);
  let { linkCode } = await service.consoleLinkCreate({ requestId: randomUUID() });
  if (linkCode === "") {
    // The answer that had it was lost.
    ({ linkCode } = await service.consoleLinkCreate({ requestId: randomUUID() }));
  }
  const link = `${url}/console/#code=${linkCode}`;
  const opened =
    flags.print !== true && (await browserOpenAt(link, linkDirectory(dataDirectory(flags, env), env), env));
  if (stdout.isTTY === true) {
    stdout.write(`${link}\n`);
    stderr.write(
      opened
        ? "the console opens in the browser; or open this link, once, within 60 seconds\n"
        : "open this link in a browser, once, within 60 seconds\n",
    );
    return;
  }
  if (!opened) {
    throw new CliError(
      "failed",
      "no browser could be started, and the link is printed only on a terminal, because it signs its reader in: run " +
        "`farrier console` in a terminal, or name a browser in the variable BROWSER",
    );
  }
  stdout.write(`${url}/console/ opens in the browser\n`);
}

async function browserOpenAt(link: string, directory: string, env: CliContext["process"]["env"]): Promise<boolean> {
  let path: string;
  try {
    path = await linkFileWrite(directory, link);
  } catch (error) {
    throw new CliError(
      "failed",
      `the file that leads the browser to the console can't be written into ${directory} ${systemWords(error)}: set ` +
        "XDG_RUNTIME_DIR or --data-dir to a directory of this user",
      { cause: error },
    );
  }
  return browserOpen(path, env);
}
