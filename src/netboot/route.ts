import { isMediumUrlName } from "../contract/medium-path.ts";
import { defined } from "../lib/defined.ts";
import { architectures, type Architecture } from "./architecture.ts";
import { bootFiles, type BootFile } from "./boot-image.ts";

/** What a request asks for. */
export type Route =
  | { resource: "boot" }
  | { resource: "machine"; query: URLSearchParams }
  | { resource: "image"; architecture: Architecture; file: BootFile; handle?: string; digest?: string }
  | { resource: "ipxe"; architecture: string; name: string }
  | { resource: "config"; handle: string }
  | { resource: "medium"; secret: string }
  | { resource: "token" }
  | { resource: "health" }
  | { resource: "metrics" };

/** SHA-256 in hexadecimal. */
const digestPattern = /^[0-9a-f]{64}$/u;
/** Maximum length of a request's target: nine MACs and a UUID have 350 characters. */
const targetLimit = 4096;

/** The meaning of a path, in any letter case; undefined if there is none. It is never used as a file path. Pure. */
export function route(target: string): Route | undefined {
  if (target.length > targetLimit || !target.startsWith("/")) {
    return undefined;
  }
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const [first = "", second = "", third = "", ...more] = path.slice(1).split("/");
  if (more.length > 0) {
    return undefined;
  }
  const lower = path.toLowerCase();
  switch (lower) {
    case "/boot.ipxe":
      return { resource: "boot" };
    case "/machine.ipxe":
      return { resource: "machine", query: new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1)) };
    case "/enrollment-token":
      return { resource: "token" };
    case "/healthz":
      return { resource: "health" };
    case "/metrics":
      return { resource: "metrics" };
    default:
  }
  switch (first.toLowerCase()) {
    case "boot": {
      const architecture = architectures.find((one) => one === second.toLowerCase());
      const file = bootFiles.find((one) => one === third.toLowerCase());
      // Who fetches it, if the script that names it added that.
      const query = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
      const handle = query.get("machine") ?? undefined;
      const digest = digestPattern.exec(query.get("digest") ?? "")?.[0];
      return architecture === undefined || file === undefined
        ? undefined
        : { resource: "image", architecture, file, ...defined({ handle, digest }) };
    }
    case "ipxe":
      // What an iPXE loaded from here asks for by itself.
      return third.toLowerCase() === "autoexec.ipxe"
        ? { resource: "boot" }
        : { resource: "ipxe", architecture: second.toLowerCase(), name: third.toLowerCase() };
    case "media":
      return isMediumUrlName(third.toLowerCase()) ? { resource: "medium", secret: second } : undefined;
    case "config":
      return third === "" && second.endsWith(".cpio")
        ? { resource: "config", handle: second.slice(0, -".cpio".length) }
        : undefined;
    default:
      return undefined;
  }
}
