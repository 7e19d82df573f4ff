import { targetDoubt } from "../../contract/came-up/target-doubt.ts";
import { vendorData } from "../../contract/came-up/vendor-data.ts";
import type { Generation, MachineId } from "../../database/ids.ts";
import type { CameUpExpectation } from "../../database/queries/came-up/came-up-expect.ts";
import type { CameUpTarget } from "../../database/queries/came-up/came-up-target-seen.ts";
import { cameUpToken, cameUpTokenDigest } from "../../secrets/came-up-token.ts";

/** What a request has, so that its system reports that it came up. */
export interface ReportExpected {
  expect: CameUpExpectation;
  /** The vendor data of the request, with the token in them; none if nothing can report. */
  vendorDataOf: (machineId: MachineId, generation: Generation) => { vendorData?: Uint8Array<ArrayBuffer> };
  warnings: string[];
}

/** Makes a one-time token, and the vendor data by which the system reports with it. */
export function reportExpected(
  target: CameUpTarget | undefined,
  { withinSeconds }: { withinSeconds: number },
): ReportExpected {
  if (target === undefined) {
    return {
      expect: { withinSeconds },
      vendorDataOf: () => ({}),
      warnings: [
        "the profile expects that the installed system reports, but no server takes reports (`farrier server --came-up 0.0.0.0:8445`): " +
          "the machine counts as installed without one",
      ],
    };
  }
  const token = cameUpToken();
  return {
    expect: { withinSeconds, tokenDigest: cameUpTokenDigest(token) },
    vendorDataOf: (machineId, generation) => ({
      vendorData: Uint8Array.from(Buffer.from(vendorData({ ...target, machineId, generation, token }))),
    }),
    warnings: [targetDoubt(target.url)].filter((doubt) => doubt !== undefined),
  };
}
