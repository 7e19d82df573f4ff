// What should come of operators', agents' and time's doings to one machine, said as simply as can be: one thing at a time.
import type { Phase } from "../../src/database/queries/installation/progress.ts";

/** One thing that somebody does. Generations are small numbers; keys and runs are numbers of a list. */
export type Op =
  | { op: "request"; requestId: number; body: number; replace?: number; generation?: number }
  | { op: "cancel"; requestId: number; body: number; generation?: number }
  | { op: "heartbeat"; key: number; run?: number; report?: { generation: number; result: "success" | "error" } }
  | { op: "progress"; key: number; run: number; generation: number; phase: Phase }
  | { op: "rekey"; key: number }
  | { op: "expire" };

/** Everything that the model knows of a machine, and of the server's session. */
export interface Model {
  alive: boolean;
  key: number;
  last: number;
  asked: number;
  report: { generation: number; result: string; by: string } | undefined;
  /** 0 = not installed. */
  installed: number;
  /** Runs that the current request was handed to. */
  runs: string[];
  progress: { generation: number; phase: Phase; run: number } | undefined;
  commands: Record<string, { command: string; generation: number }>;
  /** "event generation result", as often as it happened. */
  history: string[];
}

export const emptyModel: Model = {
  alive: true,
  key: 0,
  last: 0,
  asked: 0,
  report: undefined,
  installed: 0,
  runs: [],
  progress: undefined,
  commands: {},
  history: [],
};

/** An answer, or the step that is still to come: a heartbeat that is handed a request takes two. */
export type Stepped = { answer: string } | { later: (model: Model) => Stepped };

/** The first step of an operation; the model is changed. */
export function step(model: Model, op: Op): Stepped {
  switch (op.op) {
    case "request":
      return { answer: once(model, op, () => request(model, op)) };
    case "cancel":
      return { answer: once(model, op, () => cancel(model, op)) };
    case "heartbeat":
      return heartbeat(model, op);
    case "progress":
      return { answer: progress(model, op) };
    case "rekey":
      model.key = op.key;
      model.history.push("agent_replaced");
      return { answer: "ok" };
    case "expire":
      model.alive = false;
      return { answer: "ok" };
  }
}

/** The pending generation, or 0. */
function pending(model: Model): number {
  return model.asked !== 0 && model.report?.generation !== model.asked ? model.asked : 0;
}

type Command = Extract<Op, { op: "request" | "cancel" }>;

function once(model: Model, op: Command, carryOut: () => number | "refused"): string {
  const command = JSON.stringify({ ...op, requestId: undefined });
  const before = model.commands[op.requestId];
  if (before !== undefined) {
    return before.command === command ? `generation ${before.generation}` : "request_id_reused";
  }
  const generation = carryOut();
  if (generation === "refused") {
    return generation;
  }
  model.commands[op.requestId] = { command, generation };
  return `generation ${generation}`;
}

function request(model: Model, op: Extract<Op, { op: "request" }>): number | "refused" {
  const now = pending(model);
  const generation = op.generation ?? model.last + 1;
  if (now !== (op.replace ?? 0) || generation <= model.last) {
    return "refused";
  }
  if (now !== 0) {
    model.history.push(`installation_replaced ${now}`);
  }
  model.history.push(`installation_requested ${generation}`);
  model.asked = generation;
  model.last = generation;
  model.runs = [];
  return generation;
}

function cancel(model: Model, op: Extract<Op, { op: "cancel" }>): number | "refused" {
  const now = pending(model);
  if (now === 0 || (op.generation !== undefined && op.generation !== now)) {
    return "refused";
  }
  model.report = { generation: now, result: "cancelled", by: "operator" };
  model.history.push(`installation_cancelled ${now}`);
  return now;
}

type Heartbeat = Extract<Op, { op: "heartbeat" }>;

function heartbeat(model: Model, op: Heartbeat): Stepped {
  if (!model.alive || model.key !== op.key) {
    return { answer: model.alive ? "unauthenticated" : "unavailable" };
  }
  const calledOff =
    model.report?.generation === model.asked && (model.report.result === "cancelled" || model.report.by === "system");
  const unasked = op.report !== undefined && reported(model, op.report) ? " unasked" : "";
  const now = pending(model);
  if (now !== 0 && !model.runs.includes(runOf(op))) {
    return { later: (after) => handOut(after, op, now, unasked) };
  }
  if (now !== 0) {
    return { answer: `ok ${now}${unasked}` };
  }
  const known = op.report?.generation === model.asked;
  return { answer: `ok${calledOff && !known ? ` cancelled ${model.asked}` : ""}${unasked}` };
}

/** True when the report's generation was never asked for. */
function reported(model: Model, report: NonNullable<Heartbeat["report"]>): boolean {
  const { generation, result } = report;
  const final = result === "success" ? `installation_succeeded ${generation}` : `installation_failed ${generation}`;
  if (generation === pending(model) && generation !== 0) {
    model.report = { generation, result, by: "agent" };
    model.history.push(final);
    model.installed = result === "success" ? generation : model.installed;
    return false;
  }
  if (model.history.includes(`installation_requested ${generation}`)) {
    const late = `report_late ${generation} ${result}`;
    if (!model.history.includes(final) && !model.history.includes(late)) {
      model.history.push(late);
    }
    return false;
  }
  if (!model.history.some((line) => line.startsWith("report_unasked"))) {
    model.history.push(`report_unasked ${generation} ${result}`);
  }
  return true;
}

function runOf(op: Heartbeat): string {
  return op.run === undefined ? `key ${op.key}` : `run ${op.run}`;
}

function handOut(model: Model, op: Heartbeat, offered: number, unasked: string): Stepped {
  if (!model.alive || model.key !== op.key) {
    return { answer: model.alive ? "unauthenticated" : "unavailable" };
  }
  const now = pending(model);
  if (now !== 0 && model.runs.includes(runOf(op))) {
    return { answer: `ok ${now}${unasked}` };
  }
  if (now !== 0 && now !== offered) {
    return { answer: `ok${unasked}` };
  }
  if (now !== 0 && model.runs.length >= 3) {
    model.report = { generation: now, result: "error", by: "system" };
    model.history.push(`installation_failed ${now}`);
    return { answer: `ok cancelled ${now}${unasked}` };
  }
  if (now !== 0) {
    model.runs.push(runOf(op));
    model.history.push(`installation_handed_out ${now}`);
    if (op.run === undefined && model.installed !== 0) {
      model.installed = 0;
      model.history.push(`installed_removed ${now}`);
    }
    return { answer: `ok ${now}${unasked}` };
  }
  const { report, asked } = model;
  const calledOff = report?.generation === asked && (report.result === "cancelled" || report.by === "system");
  return { answer: `ok${calledOff ? ` cancelled ${asked}` : ""}${unasked}` };
}

function progress(model: Model, op: Extract<Op, { op: "progress" }>): string {
  if (!model.alive || model.key !== op.key) {
    return model.alive ? "unauthenticated" : "session_lost";
  }
  if (pending(model) !== op.generation || op.generation === 0) {
    const over = model.asked !== 0 && model.report?.generation === op.generation && model.report.result === "success";
    const after = op.phase !== "selecting-disk" && op.phase !== "writing";
    return over && after ? "ok" : `ok cancelled ${op.generation}`;
  }
  const before = model.progress;
  if (before?.generation !== op.generation || before.phase !== op.phase || before.run !== op.run) {
    model.history.push(`installation_progressed ${op.generation}`);
  }
  model.progress = { generation: op.generation, phase: op.phase, run: op.run };
  if (op.phase !== "selecting-disk" && model.installed !== 0) {
    model.installed = 0;
    model.history.push(`installed_removed ${op.generation}`);
  }
  return "ok";
}

/**
 * The models that some order of the operations' steps leads to in which each gets the answer that it got: none = what
 * happened can't have happened one thing at a time.
 */
export function explanations(model: Model, ops: readonly Op[], answers: readonly string[]): Model[] {
  const found = new Map<string, Model>();
  const search = (before: Model, left: readonly { index: number; next: (model: Model) => Stepped }[]): void => {
    if (left.length === 0) {
      found.set(JSON.stringify(summary(before)), before);
      return;
    }
    for (const chosen of left) {
      const after = structuredClone(before);
      const stepped = chosen.next(after);
      const others = left.filter((other) => other !== chosen);
      if ("later" in stepped) {
        search(after, [...others, { index: chosen.index, next: stepped.later }]);
      } else if (stepped.answer === answers[chosen.index]) {
        search(after, others);
      }
    }
  };
  search(
    model,
    ops.map((op, index) => ({ index, next: (later: Model) => step(later, op) })),
  );
  return [...found.values()];
}

/** What can be read from the database as well, to be compared. */
export function summary(model: Model): Record<string, unknown> {
  const { key, last, asked, report, installed, runs, history } = model;
  return {
    key,
    last,
    asked,
    report: report === undefined ? "none" : `${report.generation} ${report.result} ${report.by}`,
    installed,
    runs: runs.toSorted(),
    history: history.toSorted(),
  };
}
