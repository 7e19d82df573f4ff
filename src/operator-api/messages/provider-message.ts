import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Provider as ProviderMessage,
  ProviderSchema,
  ProviderTroubleSchema,
} from "../../../gen/farrier/operator/v1/provider_pb.ts";
import type { ProviderRecord } from "../../database/queries/provider/provider-list.ts";

/** A provider as operators see it. */
export function providerMessage(record: ProviderRecord, problems = record.problems): ProviderMessage {
  const { name, type, power, autostart, machines, vanished, shepherd = "", mediaUrl = "", listedAt } = record;
  const { unreachable, held, otherSettings } = record;
  const troubled = unreachable !== undefined || held !== undefined || problems.length + otherSettings.length > 0;
  return create(ProviderSchema, {
    ...{ name, type, power, autostart, machines, vanished, shepherd, mediaUrl },
    ...(listedAt === undefined ? {} : { listedAt: timestampFromDate(listedAt) }),
    ...(troubled
      ? {
          trouble: create(ProviderTroubleSchema, {
            problems,
            otherSettings,
            ...(unreachable === undefined
              ? {}
              : { unreachable: unreachable.cause, unreachableSince: timestampFromDate(unreachable.since) }),
            ...(held === undefined ? {} : { held: held.cause, heldSince: timestampFromDate(held.since) }),
          }),
        }
      : {}),
  });
}
