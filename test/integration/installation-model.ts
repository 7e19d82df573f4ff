// What should come of operators', agents' and time's doings to one machine, said as simply as can be: one thing at a time.
import type { Phase } from "../../src/database/queries/installation/progress.ts";

/** One thing that somebody does. Generations are small numbers; keys and runs are numbers of a list. */
export type Op =
  | { op: "request"; requestId: number; body: number; replace?: number; generation?: number }
  | { op: "cancel"; requestId: number; body: number; generation?: number }
  | {
      op: "heartbeat";
      key: number;
      run?: number;
      /** `run`: the run that did it; absent = the calling run. */
      report?: { generation: number; result: "success" | "error"; run?: number };
      /** An earlier run of its host that is dead. */
      ended?: number;
    }
  | { op: "progress"; key: number; run: number; generation: number; phase: Phase }
  | { op: "rekey"; key: number }
  /** The writer says nothing for longer than it may, while a server is there. */
  | { op: "silence" }
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
  runs: HandedRun[];
  /** The one run that may write, of that generation. */
  writer: { generation: number; run: string; silent: boolean; ended: boolean } | undefined;
  /** The generation that may have begun to write, and has not succeeded; 0 = none. */
  begun: number;
  progress: { generation: number; phase: Phase; run: number } | undefined;
  commands: Record<string, { command: string; generation: number }>;
  /** "event generation result", as often as it happened. */
  history: string[];
}

interface HandedRun {
  run: string;
  /** It counts towards the three that a generation has. */
  counted: boolean;
  /** It may write no more: it was the writer, and another took its place; or it is known to be dead. */
  replaced: boolean;
}

export const emptyModel: Model = {
  alive: true,
  key: 0,
  last: 0,
  asked: 0,
  report: undefined,
  installed: 0,
  runs: [],
  writer: undefined,
  begun: 0,
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
    case "silence":
      if (model.writer !== undefined) {
        model.writer.silent = true;
      }
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

/** The writer of the current generation. */
function writerOf(model: Model): NonNullable<Model["writer"]> | undefined {
  return model.writer?.generation === model.asked ? model.writer : undefined;
}

/** Whether a run may become the writer: there is none, it is the writer, or the one there is over. */
function mayWrite(model: Model, run: string): boolean {
  const writer = writerOf(model);
  return writer === undefined || writer.run === run || writer.silent || writer.ended;
}

function handedRun(model: Model, run: string): HandedRun | undefined {
  return model.runs.find((known) => known.run === run);
}

/** Makes a run the writer of the pending generation. */
function writes(model: Model, run: string): void {
  const before = writerOf(model);
  if (before !== undefined && before.run !== run) {
    const known = handedRun(model, before.run);
    if (known !== undefined) {
      known.replaced = true;
    }
    model.history.push(`installation_writer_replaced ${model.asked}`);
  }
  model.writer = { generation: model.asked, run, silent: false, ended: false };
}

/** The disk's old content is lost. */
function touched(model: Model): void {
  model.begun = model.asked;
  if (model.installed !== 0) {
    model.installed = 0;
    model.history.push(`installed_removed ${model.asked}`);
  }
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
  const run = runOf(op);
  const now = pending(model);
  const replaced = handedRun(model, run)?.replaced === true;
  const unasked = op.report !== undefined && reported(model, op.report, run) ? " unasked" : "";
  const writer = writerOf(model);
  const dead = `run ${op.ended ?? ""}`;
  Object.assign(handedRun(model, dead) ?? {}, { replaced: true });
  Object.assign(writer?.run === dead ? writer : {}, { ended: true });
  const left = pending(model);
  const known = handedRun(model, run) !== undefined;
  const plain = op.report === undefined && op.ended === undefined;
  if (!plain && now !== 0 && writer?.run === run) {
    writer.silent = false;
  }
  if (left !== 0 && replaced) {
    return { answer: `ok cancelled ${left}${unasked}` };
  }
  if (left !== 0 && !known) {
    return { later: (after) => handOut(after, op, left, unasked) };
  }
  if (left !== 0) {
    const answer = `ok ${left}${unasked}`;
    // A heartbeat that takes no lock looks first and is noted afterwards: another run may have taken over in between.
    return plain ? { later: (after) => heard(after, left, run, answer) } : { answer };
  }
  const ofAsked = op.report?.generation === model.asked;
  return { answer: `ok${calledOff && !ofAsked ? ` cancelled ${model.asked}` : ""}${unasked}` };
}

function heard(model: Model, generation: number, run: string, answer: string): Stepped {
  if (model.writer?.generation === generation && model.writer.run === run) {
    model.writer.silent = false;
  }
  return { answer };
}

/** True when the report's generation was never asked for. */
function reported(model: Model, report: NonNullable<Heartbeat["report"]>, caller: string): boolean {
  const { generation, result } = report;
  const run = report.run === undefined ? caller : `run ${report.run}`;
  const final = result === "success" ? `installation_succeeded ${generation}` : `installation_failed ${generation}`;
  const other = `report_other_run ${generation} ${result}`;
  const writer = writerOf(model);
  if (generation === pending(model) && generation !== 0) {
    if (writer !== undefined && writer.run !== run) {
      if (!model.history.includes(other)) {
        model.history.push(other);
      }
      return false;
    }
    model.report = { generation, result, by: "agent" };
    model.history.push(final);
    if (result === "success") {
      model.installed = generation;
      model.begun = 0;
    }
    return false;
  }
  if (model.history.includes(`installation_requested ${generation}`)) {
    const late = `report_late ${generation} ${result}`;
    if (![final, late, other].some((line) => model.history.includes(line))) {
      model.history.push(late);
    }
    return false;
  }
  if (!model.history.some((line) => line.startsWith(`report_unasked ${generation} `))) {
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
  const run = runOf(op);
  const now = pending(model);
  const known = handedRun(model, run);
  if (now !== 0 && writerOf(model)?.run === run) {
    heard(model, now, run, "");
  }
  if (now !== 0 && known !== undefined) {
    return { answer: known.replaced ? `ok cancelled ${now}${unasked}` : `ok ${now}${unasked}` };
  }
  if (now !== 0 && now !== offered) {
    return { answer: `ok${unasked}` };
  }
  if (now !== 0) {
    const free = mayWrite(model, run);
    if (free && model.runs.filter(({ counted }) => counted).length >= 3) {
      model.report = { generation: now, result: "error", by: "system" };
      model.history.push(`installation_failed ${now}`);
      return { answer: `ok cancelled ${now}${unasked}` };
    }
    if (!free && op.run === undefined) {
      return { answer: `ok${unasked}` };
    }
    model.runs.push({ run, counted: free, replaced: false });
    model.history.push(`installation_handed_out ${now}`);
    if (op.run === undefined) {
      writes(model, run);
      touched(model);
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
  const run = `run ${op.run}`;
  const known = handedRun(model, run);
  if (known?.replaced === true) {
    return `ok cancelled ${op.generation}`;
  }
  if (!mayWrite(model, run)) {
    return op.phase === "selecting-disk" ? "ok" : "other-writer";
  }
  const writer = writerOf(model);
  if (op.phase !== "selecting-disk" && writer?.run !== run) {
    const others = model.runs.filter((other) => other.run !== run);
    if (others.filter(({ counted }) => counted).length >= 3) {
      model.report = { generation: op.generation, result: "error", by: "system" };
      model.history.push(`installation_failed ${op.generation}`);
      return `ok cancelled ${op.generation}`;
    }
    if (writer === undefined) {
      for (const other of others) {
        other.counted = false;
      }
    }
    if (known === undefined) {
      model.runs.push({ run, counted: true, replaced: false });
    } else {
      known.counted = true;
    }
  }
  if (op.phase !== "selecting-disk") {
    writes(model, run);
  }
  const before = model.progress;
  if (before?.generation !== op.generation || before.phase !== op.phase || before.run !== op.run) {
    model.history.push(`installation_progressed ${op.generation}`);
  }
  model.progress = { generation: op.generation, phase: op.phase, run: op.run };
  if (op.phase !== "selecting-disk") {
    touched(model);
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
  const { key, last, asked, report, installed, runs, writer, begun, history } = model;
  // Of two orders that look alike otherwise, one may have left it silent: that decides what comes later.
  const silent = writer?.silent === true && writer.generation === pending(model) ? " silent" : "";
  return {
    key,
    last,
    asked,
    report: report === undefined ? "none" : `${report.generation} ${report.result} ${report.by}`,
    installed,
    runs: runs
      .map(({ run, counted, replaced }) => `${run}${counted ? "" : " uncounted"}${replaced ? " replaced" : ""}`)
      .toSorted(),
    writer: writer === undefined ? "none" : `${writer.generation} ${writer.run}${silent}`,
    begun,
    history: history.toSorted(),
  };
}
