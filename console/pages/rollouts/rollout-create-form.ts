import { create } from "@bufbuild/protobuf";
import { MachineFilterSchema, type MachineFilter } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { RolloutService } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { catalogueNameExpected, catalogueNamePattern } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { machineStateWords } from "../../../src/contract/words/machine-state.ts";
import { wordOf } from "../../../src/contract/words/table.ts";
import { defined } from "../../../src/lib/defined.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";

/** What is typed into the form of a new rollout. */
export interface RolloutForm {
  profile: string;
  values: Readonly<Record<string, string>>;
  /** "" = the profile's, with a number. */
  name: string;
  by: "names" | "filter";
  /** Names or ids, with blanks or commas between them. */
  machines: string;
  filter: MachineFilter;
  /** Such as "1, 10, rest"; "" = one wave. */
  waves: string;
  /** "" = 50. */
  parallel: string;
  /** "3" or "5%"; "" = whatever fails. */
  stopAfter: string;
  /** HH:MM; "" = at any time. */
  from: string;
  to: string;
  timeZone: string;
}

/** The form before anything is typed. */
export const emptyRolloutForm: RolloutForm = {
  ...{ profile: "", values: {}, name: "", by: "names", machines: "", filter: create(MachineFilterSchema) },
  ...{ waves: "", parallel: "", stopAfter: "", from: "", to: "", timeZone: "" },
};

/** What is wrong, by field; an empty field that is needed is "missing". Pure. */
export function rolloutProblems(form: RolloutForm): Partial<Record<keyof RolloutForm, string>> {
  const { profile, name, by, parallel, stopAfter, from, to, timeZone } = form;
  const hours = [from, to, timeZone].filter((text) => text !== "").length;
  return defined({
    profile: profile === "" ? "missing" : undefined,
    name: name === "" || catalogueNamePattern.test(name) ? undefined : `expected ${catalogueNameExpected}`,
    machines: by === "names" && rolloutNames(form).length === 0 ? "missing" : undefined,
    filter:
      by === "filter"
        ? (rolloutTextProblem(form.filter.search) ?? rolloutTextProblem(form.filter.location))
        : undefined,
    waves:
      wavesOf(form.waves) === undefined ? "expected numbers of machines, and at the end rest: 1, 10, rest" : undefined,
    parallel: parallel === "" || isCount(parallel, 1_000) ? undefined : "expected 1 to 1000",
    stopAfter: stopsOf(stopAfter) === undefined ? "expected a number of failures, or a share such as 5%" : undefined,
    to:
      hours > 0 && !(isTime(from) && isTime(to) && from !== to)
        ? "expected two times of day, such as 01:00"
        : undefined,
    timeZone: hours > 0 && timeZone === "" ? "expected a time zone, such as Europe/Berlin" : undefined,
  });
}

/** Why the command line could not take this text as a condition's value. Pure. */
export function rolloutTextProblem(text: string): string | undefined {
  return /,[a-z_]+=/u.test(text) ? "expected no comma before a word and =" : undefined;
}

/** The names that are typed, in their order. Pure. */
export function rolloutNames({ machines }: Pick<RolloutForm, "machines">): string[] {
  return machines.split(/[\s,]+/u).filter((name) => name !== "");
}

/** "rack=b12, room=a1" as labels; what is no label yet is left out. Pure. */
export function rolloutLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part.indexOf("=") > 0)
      .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]),
  );
}

/** The command that plans a rollout; what was done begins with the rollout's name. */
export function rolloutCreatePrepare(form: RolloutForm, requestId: string): PreparedCommand {
  const { profile, values, name, by, filter, parallel, stopAfter, from, to, timeZone } = form;
  const names = rolloutNames(form);
  return prepare({
    machineId: "",
    title: name === "" ? profile : name,
    method: RolloutService.method.rolloutCreate,
    message: {
      ...{ requestId, name, profile, values },
      ...(by === "names" ? { machines: names } : { filter }),
      waves: wavesOf(form.waves) ?? [],
      parallel: parallel === "" ? 0 : Number(parallel),
      ...stopsOf(stopAfter),
      ...(from === "" ? {} : { window: { from, to, timeZone } }),
    },
    words: (message) => [
      ...["rollout", "create", "--profile", message.profile],
      ...(message.name === "" ? [] : ["--name", message.name]),
      ...Object.entries(message.values).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
      ...(message.machines.length === 0 ? [] : ["--machines", message.machines.join(",")]),
      ...(message.filter === undefined ? [] : filterWords(message.filter)),
      ...(message.waves.length === 0
        ? []
        : ["--waves", message.waves.map((size) => (size === 0 ? "rest" : String(size))).join(",")]),
      ...(message.parallel === 0 ? [] : ["--parallel", String(message.parallel)]),
      ...(message.stopAfter === 0 ? [] : ["--stop-after", String(message.stopAfter)]),
      ...(message.stopAfterPercent === 0 ? [] : ["--stop-after", `${message.stopAfterPercent}%`]),
      ...(message.window === undefined
        ? []
        : ["--window", `${message.window.from}-${message.window.to}`, "--time-zone", message.window.timeZone]),
      ...["--request-id", message.requestId],
    ],
    done: ({ rollout }) => `${rollout?.name ?? name} is planned; nothing is requested yet`,
  });
}

/** The rollout's name in what {@link rolloutCreatePrepare} says was done. Pure. */
export function rolloutMadeName(done: string): string {
  return done.split(" ")[0] ?? "";
}

/** The filter's conditions as flags; without any the whole fleet. Pure. */
function filterWords({ labels, states, providers, search, location }: MachineFilter): string[] {
  const conditions = [
    ...states.map((state) => `state=${wordOf(machineStateWords, state) ?? String(state)}`),
    ...providers.map((provider) => `provider=${provider}`),
    ...(search === "" ? [] : [`search=${search}`]),
    ...(location === "" ? [] : [`location=${location}`]),
  ];
  const labelWords = Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
  if (conditions.length > 0) {
    return [...labelWords, "--all-in", conditions.join(",")];
  }
  return labelWords.length > 0 ? labelWords : ["--all-in", "fleet"];
}

/** "1, 10, rest" as sizes, where 0 is the rest; undefined if it is none. Pure. */
function wavesOf(text: string): number[] | undefined {
  const words = text.split(/[\s,]+/u).filter((word) => word !== "");
  const sizes = words.map((word, index) => {
    if (word === "rest" && index === words.length - 1) {
      return 0;
    }
    return isCount(word, 10_000) ? Number(word) : undefined;
  });
  return sizes.every((size) => size !== undefined) ? sizes : undefined;
}

/** "3" or "5%" as the fields of the call; undefined if it is neither. Pure. */
function stopsOf(text: string): { stopAfter?: number; stopAfterPercent?: number } | undefined {
  if (text === "") {
    return {};
  }
  if (text.endsWith("%")) {
    return isCount(text.slice(0, -1), 100) ? { stopAfterPercent: Number(text.slice(0, -1)) } : undefined;
  }
  return isCount(text, 10_000) ? { stopAfter: Number(text) } : undefined;
}

function isCount(text: string, most: number): boolean {
  return /^[1-9]\d{0,4}$/u.test(text) && Number(text) <= most;
}

function isTime(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$/u.test(text);
}
