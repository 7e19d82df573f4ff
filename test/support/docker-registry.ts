import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { processGroup } from "./process-group.ts";
import { programMissing } from "./program-missing.ts";
import { waitFor } from "./wait.ts";

/** Why Debian's docker-registry can't be started here; undefined = it can. */
export const dockerRegistryMissing = (): Promise<string | undefined> =>
  programMissing("docker-registry", "docker-registry");

/** What opens a registry that was started with credentials. */
export const registryAccess = { user: "farrier", password: "planted-registry-password" };
// bcrypt of the password: `htpasswd -nbB` makes such a line.
const passwordLine = "farrier:$2b$05$vPMoUB5f2lU6cd0nsIFWlOXyQtyQzmQuwqonigBrPPBKkm0I7kdMS\n";

/** A registry on loopback. Disposing ends it, and deletes what it has. */
export interface DockerRegistry extends AsyncDisposable {
  /** HOST:PORT. */
  host: string;
  /** The file in which it keeps a blob. */
  blobFile(hex: string): string;
  end(): Promise<void>;
  /** Starts it again, with what it has. */
  again(): Promise<void>;
}

/** Starts Debian's docker-registry in a folder of its own. @param options `deletes`: whether it deletes blobs */
export async function dockerRegistry(options: { closed?: boolean; deletes?: boolean } = {}): Promise<DockerRegistry> {
  const { closed = false, deletes = true } = options;
  const folder = await mkdtemp(join(tmpdir(), "farrier-registry-"));
  const files = join(folder, "files");
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(join(folder, "passwords"), passwordLine);
  const lines = [
    "version: 0.1",
    "log: { level: error, accesslog: { disabled: true } }",
    `storage: { filesystem: { rootdirectory: ${files} }, delete: { enabled: ${deletes} } }`,
    `http: { addr: "${host}" }`,
    ...(closed ? [`auth: { htpasswd: { realm: farrier, path: ${join(folder, "passwords")} } }`] : []),
  ];
  await writeFile(join(folder, "config.yml"), `${lines.join("\n")}\n`);
  const start = async () => {
    const running = processGroup("exec docker-registry serve config.yml", { cwd: folder });
    await waitFor("the registry", async () => {
      if (!running.running) {
        throw new Error(`docker-registry ended: ${running.output}`);
      }
      return await fetch(`http://${host}/v2/`).then(
        ({ status }) => (status === 200 || status === 401 ? true : undefined),
        () => undefined,
      );
    });
    return running;
  };
  let group = await start();
  const end = (): Promise<void> => Promise.resolve(group[Symbol.asyncDispose]());
  return {
    host,
    blobFile: (hex) => join(files, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data"),
    end,
    again: async () => {
      group = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
