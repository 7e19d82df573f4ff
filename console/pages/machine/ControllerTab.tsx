import { useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { ControllerService, HealthRollup, type Controller } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import type { Machine, MachineShowResponse } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { healthWords } from "../../../src/contract/words/health.ts";
import { bootTargetWords, powerCommandWords } from "../../../src/contract/words/power.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { callFailure } from "../../api/failure.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { commandOpen } from "../../commands/open-command.ts";
import { useRole } from "../../commands/use-role.ts";
import { Age } from "../../parts/Age.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Chip, type Tone } from "../../ui/Chip.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { commandTitle } from "./command-title.ts";
import { Facts } from "./Facts.tsx";

const tones: Readonly<Record<number, Tone>> = {
  [HealthRollup.UNSPECIFIED]: "idle",
  [HealthRollup.OK]: "good",
  [HealthRollup.WARNING]: "warn",
  [HealthRollup.CRITICAL]: "bad",
};

/** The machine's controller: power, where it boots from, its health and its event log. */
export function ControllerTab({ machine }: { machine: Machine }): ReactNode {
  const { data, error, refetch } = useQuery(ControllerService.method.controllerShow, { machine: machine.id });
  const missing = error !== null && callFailure(error).code === "not_found";
  return (
    <div className="flex flex-col gap-5">
      <Power machine={machine} />
      {error !== null && !missing ? (
        <RpcError title="The controller can't be read" error={error} onRetry={() => void refetch()} />
      ) : null}
      {data?.controller === undefined ? null : <ControllerFacts controller={data.controller} />}
      {machine.health === undefined ? null : <Health health={machine.health} />}
      {missing && machine.health === undefined && machine.power === undefined ? (
        <EmptyState title="No controller is known">
          <p>A controller (BMC) that speaks Redfish or IPMI switches the machine and tells its health:</p>
          <CliCopy
            command={`farrier bmc add https://ADDRESS --credential NAME --machine ${machine.name === "" ? machine.id : machine.name}`}
          />
        </EmptyState>
      ) : null}
    </div>
  );
}

function Power({ machine }: { machine: Machine }): ReactNode {
  const role = useRole();
  const { power } = machine;
  return (
    <section>
      <h2 className="mb-1">Power</h2>
      <p className="mb-2 text-sm">
        {power === undefined ? (
          <span className="text-dim">was never read</span>
        ) : (
          <>
            <ForeignText text={power.power} className="font-medium" /> since <Age at={power.since} />
            <span className="text-dim">
              , read <Age at={power.readAt} /> by <ForeignText text={power.readFrom} />
            </span>
          </>
        )}
      </p>
      <div className="flex flex-wrap gap-2">
        {(["power", "boot", "identify", "start-agent"] as const).map((command) => (
          <Button
            key={command}
            refused={commandRefusal(command, role, machine)}
            onClick={() => commandOpen(command, { kind: "machines", machines: [machine] })}
          >
            {commandTitle(command)}
          </Button>
        ))}
      </div>
    </section>
  );
}

function ControllerFacts({ controller }: { controller: Controller }): ReactNode {
  const { url, maker, model, firmware, credential, mayControl, rules, contactAt, failure, setAt, setBy } = controller;
  return (
    <section>
      <h2 className="mb-1">Controller</h2>
      {failure === undefined ? null : (
        <p className="border-bad bg-bad-soft mb-2 rounded-md border px-3 py-2 text-sm">
          <ForeignText text={failure.cause} lines />{" "}
          <span className="text-dim">
            (<ForeignText text={failure.code} mono />, <Age at={failure.at} />)
          </span>
        </p>
      )}
      <Facts
        facts={{
          address: <ForeignText text={url} mono />,
          maker: <ForeignText text={[maker, model, firmware].filter(Boolean).join(" ")} />,
          credential: <ForeignText text={credential} />,
          may: mayControl ? "look and switch" : "only look",
          "power commands": controller.powerCommands.flatMap((one) => wordOf(powerCommandWords, one) ?? []).join(", "),
          "can boot from": controller.bootTargets.flatMap((one) => wordOf(bootTargetWords, one) ?? []).join(", "),
          "rules for its maker": <ForeignText text={rules.join(", ")} />,
          "last answer": <Age at={contactAt} />,
          set: (
            <>
              <Age at={setAt} /> by <ForeignText text={setBy} />
            </>
          ),
        }}
      />
    </section>
  );
}

function Health({ health }: { health: NonNullable<NonNullable<MachineShowResponse["machine"]>["health"]> }): ReactNode {
  const { rollup, since, readAt, failed, unread, inletCelsius, events, problem } = health;
  return (
    <section>
      <h2 className="mb-1 flex items-center gap-2">
        Health <HealthChip rollup={rollup} />
      </h2>
      <Facts
        facts={{
          since: <Age at={since} />,
          read: <Age at={readAt} />,
          "not healthy": failed.length === 0 ? "" : <ForeignText text={failed.join("\n")} lines className="text-bad" />,
          "could not be read": <ForeignText text={unread.join(", ")} />,
          "incoming air": inletCelsius === undefined ? "" : `${Math.round(inletCelsius)} °C`,
          "last problem": problem === "" ? "" : <ForeignText text={problem} />,
        }}
      />
      {events.length === 0 ? null : (
        <>
          <h3 className="mt-3 mb-1 text-sm font-semibold">Event log, newest first</h3>
          <ol className="flex flex-col gap-1 text-sm">
            {events.map((event, index) => (
              // Events may be alike.
              <li key={`${event.text} ${String(index)}`} className="flex flex-wrap items-baseline gap-2">
                <HealthChip rollup={event.severity} />
                <ForeignText text={event.text} />
                <span className="text-dim">
                  <Age at={event.at} none="no time" />
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function HealthChip({ rollup }: { rollup: HealthRollup }): ReactNode {
  return <Chip tone={tones[rollup] ?? "idle"}>{wordOf(healthWords, rollup) ?? "unknown"}</Chip>;
}
