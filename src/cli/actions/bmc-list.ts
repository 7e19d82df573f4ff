import { ControllerListResponseSchema, type Controller } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import { answer } from "../show/answer.ts";
import { when } from "../show/describe.ts";

/** Flags of `farrier bmc list`. */
export interface BmcListFlags extends ClientFlags {
  limit: number | undefined;
  pageToken: string | undefined;
}

/** `farrier bmc list` */
export async function bmcListAction(this: CliContext, flags: BmcListFlags): Promise<void> {
  const { controllers } = await operatorClient(flags, this.process.env);
  const message = await controllers.controllerList({ pageSize: flags.limit ?? 0, pageToken: flags.pageToken ?? "" });
  const more = message.nextPageToken === "" ? undefined : `more: --page-token ${message.nextPageToken}`;
  answer(this, flags, {
    schema: ControllerListResponseSchema,
    message,
    names: () => message.controllers.map(({ machineId }) => machineId),
    text: ({ table, now }) =>
      message.controllers.length === 0
        ? ""
        : table(
            [
              "MACHINE",
              "CONTROLLER",
              "MAKER",
              "POWER",
              { title: "ANSWERED", whole: true },
              { title: "TROUBLE", wrapped: true },
            ],
            message.controllers.map((controller) => [
              controller.machineName || controller.machineId,
              controller.url,
              makerText(controller),
              controller.power?.power ?? "-",
              when(controller.contactAt, now),
              controller.failure?.cause ?? "-",
            ]),
          ),
    note: message.controllers.length === 0 ? "no machine's controller is known: `farrier bmc add --help`" : more,
  });
}

function makerText({ maker, model }: Controller): string {
  return [maker, model].filter((word) => word !== "").join(" ") || "-";
}
