import { pushbackDelay } from "../../lib/retry.ts";
import { lastSeen, type AgentState } from "./agent-state.ts";
import type { SimulatedCalls } from "./simulated-calls.ts";
import { grpcCode, type GrpcStatus } from "./grpc-connection.ts";
import type { SimulatedMachine, World } from "../world.ts";

/** The Watch stream of one run of an agent. */
export interface SimulatedWatch {
  /** A heartbeat was answered OK: opens the stream unless it is open or must wait. */
  ensure(): void;
  stop(): void;
  readonly open: boolean;
}

const backoff = { initial: 2_000, maximum: 60_000, factor: 2 };
/**
 * Milliseconds: without a keepalive, after which it is opened again (`silence`), and until a server without Watch is
 * asked again.
 */
const silence = 150_000;
const unknown = 600_000;

/** Starts closed. */
export function agentWatch(options: {
  world: World;
  machine: SimulatedMachine;
  run: string;
  calls: SimulatedCalls;
  state: () => AgentState;
  offer: (news: { cancelled: bigint; request: bigint | undefined }) => void;
}): SimulatedWatch {
  const { world, machine, run } = options;
  const { clock, record, statistics } = world;
  let leave: (() => void) | undefined;
  let failures = 0;
  let heardAt = 0;
  let openedAt = 0;
  let notBefore = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function open(): void {
    clearTimeout(timer);
    if (stopped || leave !== undefined) {
      return;
    }
    openedAt = clock.monotonic();
    heardAt = openedAt;
    const here = openedAt;
    statistics.counts.watchesOpened += 1;
    leave = options.calls.watch(lastSeen(options.state()), {
      message: ({ event }) => {
        heardAt = clock.monotonic();
        failures = 0;
        if (event.case !== "installationRequest" && event.case !== "cancelledGeneration") {
          return;
        }
        statistics.counts.watchEvents += 1;
        const request = event.case === "installationRequest" ? event.value.generation : undefined;
        const cancelled = event.case === "cancelledGeneration" ? event.value : 0n;
        record.watched({
          machine: machine.index,
          run,
          openedAt: here,
          ...(request === undefined ? {} : { request }),
          ...(cancelled === 0n ? {} : { cancelled }),
        });
        options.offer({ cancelled, request });
      },
      ended: (status) => ended(status),
    });
  }

  function ended({ code, details, retryAfter }: GrpcStatus): void {
    leave = undefined;
    if (stopped) {
      return;
    }
    if (code === grpcCode.unauthenticated) {
      record.refused(machine.index, `a watch of run ${run} was refused: ${details}`);
    }
    const held = clock.monotonic() - openedAt > 10_000;
    failures = held ? 1 : failures + 1;
    const pause =
      code === grpcCode.unimplemented
        ? unknown
        : pushbackDelay(backoff, failures - 1, { pushback: retryAfter, random: () => world.random.next() });
    notBefore = clock.monotonic() + pause;
    timer = setTimeout(open, pause);
  }

  return {
    ensure: () => {
      if (leave !== undefined && clock.monotonic() - heardAt > silence) {
        leave();
        leave = undefined;
      }
      if (clock.monotonic() >= notBefore) {
        open();
      }
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      leave?.();
    },
    get open() {
      return leave !== undefined;
    },
  };
}
