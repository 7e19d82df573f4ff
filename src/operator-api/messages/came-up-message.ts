import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CameUpProof, CameUpUnasked, type CameUpSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { CameUpRecord } from "../../database/queries/views/machine-record.ts";

const proofs = { tls: CameUpProof.TLS, clear: CameUpProof.CLEAR } as const;
const unaskedValues = { listener: CameUpUnasked.LISTENER, agent: CameUpUnasked.AGENT } as const;

/** What an installed system reported, in the operator API. */
export function cameUpMessage({ expected, report }: CameUpRecord): MessageInitShape<typeof CameUpSchema> {
  return {
    ...(expected === undefined
      ? {}
      : {
          expectedGeneration: expected.generation,
          withinSeconds: expected.withinSeconds,
          ...(expected.deadline === undefined ? {} : { deadline: timestampFromDate(expected.deadline) }),
          ...(expected.silentAt === undefined ? {} : { silentAt: timestampFromDate(expected.silentAt) }),
          ...(expected.unasked === undefined ? {} : { unasked: unaskedValues[expected.unasked] }),
        }),
    ...(report === undefined
      ? {}
      : {
          report: {
            generation: report.generation,
            heardAt: timestampFromDate(report.heardAt),
            proof: proofs[report.over],
            from: report.from,
            hostName: report.hostName,
            addresses: report.addresses,
            sshHostKeys: report.sshHostKeys,
            ...(report.bootedAt === undefined ? {} : { bootedAt: timestampFromDate(report.bootedAt) }),
          },
        }),
  };
}
