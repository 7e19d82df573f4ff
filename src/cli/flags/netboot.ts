import { httpOrigin } from "../../lib/net/http-origin.ts";
import { shownUrl } from "../../lib/net/shown-url.ts";
import { optionalFlag, textFlag } from "./flag.ts";

/** Flags about network boot. */
export const netbootFlags = {
  mediaUrl: optionalFlag(
    "Address by which controllers fetch boot media (default: the address of network boot, unless that is 0.0.0.0)",
    "URL",
    parseOrigin,
  ),
  bootImages: textFlag(
    "Folder of boot images, one subfolder per architecture (default: boot-image in the data directory)",
    "DIR",
  ),
  kernelArguments: {
    kind: "parsed",
    brief: "Text appended to the agent's kernel command line",
    placeholder: "TEXT",
    // `no_timer_check` because a virtual machine on a busy host fails the kernel's timer test; `panic=10` reboots after
    // a kernel panic.
    default: "console=tty0 console=ttyS0,115200 no_timer_check panic=10",
    parse: parseKernelArguments,
  },
} as const;

/** Parses kernel arguments: one line that iPXE passes on unchanged. @throws {RangeError} */
function parseKernelArguments(value: string): string {
  // In iPXE "$" begins a setting; "|", "&" and "#" end the command.
  if (!/^[\w ,.:=/@+-]{0,1024}$/u.test(value)) {
    throw new RangeError(`"${value}" can't be passed on: expected letters, digits, spaces and , . : = / @ + - _`);
  }
  return value.trim();
}

/** Parses an address that machines or controllers call: only its origin is used. @throws {RangeError} */
export function parseOrigin(value: string): string {
  const url = URL.parse(value);
  if (url !== null && (url.username !== "" || url.password !== "")) {
    throw new RangeError("an address with a user name or a password: expected http://HOST:PORT");
  }
  const origin = httpOrigin(value);
  if (origin === undefined) {
    throw new RangeError(`"${shownUrl(value)}" is no such address: expected http://HOST:PORT, without a path`);
  }
  return origin;
}
