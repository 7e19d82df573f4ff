import { vendorScript } from "./vendor-script.ts";

/** What the vendor data of a request are made from. */
export interface VendorDataParts {
  /** Where the report goes: https://HOST:PORT/came-up/v1. */
  url: string;
  /** The CA of that listener's certificate. */
  caPem: string;
  machineId: string;
  generation: bigint;
  /** The one-time token. */
  token: string;
}

const urlPattern = /^https:\/\/[A-Za-z0-9.:[\]-]{1,300}\/came-up\/v1$/u;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/u;
const pemPattern = /^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n)+$/u;
const ours = "#!/bin/sh\n# Farrier: this system reports once that it came up.";
const tokenLine = /^token='[^'\n]*'$/mu;
const generationLine = /^generation='[^'\n]*'$/mu;

/**
 * The vendor data for cloud-init: a script of its own, because lists such as runcmd would replace the user's or be
 * replaced by them. It runs without cloud-init too. Pure.
 * @throws {RangeError} if a part could end its quotes in the script
 */
export function vendorData({ url, caPem, machineId, generation, token }: VendorDataParts): string {
  const ca = caPem.replaceAll("\r\n", "\n").trim();
  if (!urlPattern.test(url) || !tokenPattern.test(token) || !pemPattern.test(`${ca}\n`)) {
    throw new RangeError("the address of reports, its CA or the token can't be written into a script");
  }
  return [
    ours,
    "# With `report` as its argument it reports from where it is; without, it installs itself as a unit.",
    `url='${url}'`,
    `machine='${machineId}'`,
    `generation='${generation}'`,
    `token='${token}'`,
    `ca='${ca}'`,
    vendorScript,
  ].join("\n");
}

/** The same vendor data for another generation, with a new token; undefined if they are not {@link vendorData}'s. */
export function vendorDataAgain(
  given: Uint8Array,
  generation: bigint,
  mint: () => string,
): { vendorData: Uint8Array<ArrayBuffer>; token: string } | undefined {
  const text = Buffer.from(given).toString("utf8");
  if (!text.startsWith(ours)) {
    return undefined;
  }
  const token = mint();
  const again = text.replace(tokenLine, () => `token='${token}'`).replace(generationLine, `generation='${generation}'`);
  return { vendorData: Uint8Array.from(Buffer.from(again)), token };
}

/** The vendor data without the token, to be shown. Pure. */
export function vendorDataShown(given: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(given).toString("utf8");
  return Uint8Array.from(text.startsWith(ours) ? Buffer.from(text.replace(tokenLine, "token='hidden'")) : given);
}
