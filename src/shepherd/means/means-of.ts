import {
  bootMeans,
  type BootMeans,
  type MeansChoice,
  meansChoose,
  type MeansFacts,
} from "../../contract/boot-means.ts";
import type { MachineId } from "../../database/ids.ts";
import { startMeans } from "../../database/queries/agent/start-means.ts";
import { defined } from "../../lib/defined.ts";
import { controllerSwitch } from "../switch/controller-switch.ts";
import { providerSwitch } from "../switch/provider-switch.ts";
import type { SwitchesOptions } from "../switch/switch-of.ts";
import { sshMeans } from "../takeover/ssh-means.ts";
import type { AgentMeans } from "./agent-means.ts";
import { bootStart } from "./boot-start.ts";
import { networkWay } from "./boot-way.ts";
import { httpWay } from "./http-way.ts";
import { mediumWay } from "./medium-way.ts";

/** The means of a start on one machine, or the reason why there is none. */
export type MeansFound =
  | (Extract<MeansChoice, { means: BootMeans }> & { by: AgentMeans })
  | { means: undefined; why: string };

type Found = Awaited<ReturnType<typeof startMeans>>;

/**
 * Makes each means for a machine; undefined if this shepherd lacks what it needs. A new means is a row here and in
 * `contract/boot-means.ts`.
 */
const table: Readonly<
  Record<BootMeans, (switches: SwitchesOptions, machineId: MachineId, found: Found) => AgentMeans | undefined>
> = {
  "ssh-takeover": ({ database, takeovers }) => (takeovers === undefined ? undefined : sshMeans(database, takeovers)),
  "controller-network": ({ database, controllers }, machineId) => {
    if (controllers === undefined) {
      return undefined;
    }
    const by = controllerSwitch(database, controllers, machineId);
    return bootStart(database, by, networkWay(database, by));
  },
  "controller-media": ({ database, controllers }, machineId) =>
    controllers === undefined
      ? undefined
      : bootStart(
          database,
          controllerSwitch(database, controllers, machineId),
          mediumWay(database, controllers, machineId),
        ),
  "controller-http": ({ database, controllers }, machineId) =>
    controllers === undefined
      ? undefined
      : bootStart(
          database,
          controllerSwitch(database, controllers, machineId),
          httpWay(database, controllers, machineId),
        ),
  "provider-network": ({ database, providers }, _machineId, { provider }) => {
    const providing = provider === undefined ? undefined : providers.get(provider.name);
    if (provider === undefined || providing?.power === undefined) {
      return undefined;
    }
    const by = providerSwitch({ ...providing, power: providing.power }, provider.providerId);
    return bootStart(database, by, networkWay(database, by));
  },
};

/**
 * Chooses the means of starting an agent on a machine, among the controllers and providers that this shepherd reaches.
 * @throws {DatabaseError} `unavailable`
 */
export async function meansOf(switches: SwitchesOptions, machineId: MachineId): Promise<MeansFound> {
  const found = await startMeans(switches.database, machineId);
  const choice = meansChoose(factsOf(switches, found));
  if (choice.means === undefined) {
    return choice;
  }
  const by = table[choice.means](switches, machineId, found);
  return by === undefined
    ? { means: undefined, why: `this shepherd does not reach what it takes: ${choice.means}` }
    : { ...choice, by };
}

function factsOf({ controllers, takeovers, providers }: SwitchesOptions, found: Found): MeansFacts {
  const { controller, provider, ssh, mediaServed, failures, set } = found;
  return {
    ssh: ssh && takeovers !== undefined,
    ...(controllers === undefined ? {} : defined({ controller })),
    providerPower: provider !== undefined && providers.get(provider.name)?.power !== undefined,
    mediaServed,
    failures,
    ...defined({ set: bootMeans.find((means) => means === set) }),
  };
}
