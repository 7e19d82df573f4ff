import type { SimulatedAnswer } from "./answer.ts";

/** How a change continues in the background (rows 39 to 41). */
export type TaskMode =
  /** The answer's Location names a monitor, which is deleted once it was read as finished (row 40). */
  | "location"
  /** Only the answer's body has the task. */
  | "body"
  /** The answer does not name the task, so the client must search the tasks. */
  | "nowhere"
  /** The task becomes a job, which is not readable at once. */
  | "job"
  /** The change is accepted, and its task fails. */
  | "fails";

interface Task {
  mode: TaskMode;
  /** Number of reads until the task ends. */
  left: number;
  monitorRead: boolean;
  begun: Date;
}

const collection = "/redfish/v1/TaskService/Tasks";

/** The tasks of one simulated controller. */
export class SimulatedTasks {
  /** How changes continue; undefined = a change is done when it is answered. */
  mode: TaskMode | undefined;
  /** Number of reads during which a task runs. */
  reads = 2;
  readonly #tasks = new Map<string, Task>();

  /** The answer to a change that was carried out: in most modes, a new task. */
  accept(answer: SimulatedAnswer): SimulatedAnswer {
    const { mode } = this;
    if (mode === undefined || answer.status >= 300) {
      return answer;
    }
    const id = this.begin(mode, this.reads, new Date());
    const link = `${collection}/${id}`;
    switch (mode) {
      case "location":
      case "fails":
        return { status: 202, headers: { location: `/redfish/v1/TaskService/TaskMonitors/${id}` } };
      case "body":
      case "job":
        return { status: 202, body: { "@odata.id": link, "@odata.type": "#Task.v1_4_3.Task", TaskState: "New" } };
      case "nowhere":
        return { status: 202 };
    }
  }

  /** Begins a task, with or without a change that began it, and returns its id. */
  begin(mode: TaskMode, reads: number, begun: Date): string {
    const id = String(this.#tasks.size + 1);
    this.#tasks.set(id, { mode, left: reads, monitorRead: false, begun });
    return id;
  }

  /** Answers a read below the task and job services; undefined = the path is elsewhere. */
  get(path: string): SimulatedAnswer | undefined {
    if (path === "/redfish/v1/TaskService") {
      return { status: 200, body: { "@odata.id": path, Tasks: { "@odata.id": collection } } };
    }
    if (path === collection) {
      const members = [...this.#tasks.keys()].map((id) => ({ "@odata.id": `${collection}/${id}` }));
      return { status: 200, body: { "@odata.id": path, Members: members } };
    }
    const match =
      /^\/redfish\/v1\/(?:TaskService\/(?<kind>Tasks|TaskMonitors)|(?<jobs>JobService\/Jobs))\/(?<id>\d+)$/u.exec(path);
    const task = this.#tasks.get(match?.groups?.["id"] ?? "");
    if (match?.groups === undefined || task === undefined) {
      return match === null ? undefined : { status: 404 };
    }
    const { kind, id = "" } = match.groups;
    task.left -= 1;
    if (kind === "TaskMonitors") {
      return monitorAnswer(task);
    }
    return kind === "Tasks" ? taskAnswer(task, id) : jobAnswer(task);
  }
}

function monitorAnswer(task: Task): SimulatedAnswer {
  if (task.monitorRead) {
    return { status: 404 };
  }
  if (task.left > 0) {
    return { status: 202 };
  }
  task.monitorRead = true;
  return task.mode === "fails"
    ? { status: 400, body: { error: { code: "Base.1.8.GeneralError", message: "The power supply does not answer." } } }
    : { status: 204 };
}

function taskAnswer(task: Task, id: string): SimulatedAnswer {
  const link = `${collection}/${id}`;
  if (task.mode === "job") {
    const moved = {
      MessageId: "Base.1.8.OperationTransitionedToJob",
      MessageArgs: [`/redfish/v1/JobService/Jobs/${id}`],
    };
    return { status: 200, body: { "@odata.id": link, TaskState: "Completed", Messages: [moved] } };
  }
  return {
    status: 200,
    body: {
      "@odata.id": link,
      StartTime: task.begun.toISOString(),
      TaskState: taskState(task),
      TaskStatus: "OK",
    },
  };
}

function jobAnswer(task: Task): SimulatedAnswer {
  // A new job is not readable yet (row 26).
  return task.left > 0 ? { status: 404 } : { status: 200, body: { JobState: "Completed" } };
}

function taskState({ left, mode }: Task): string {
  if (left > 0) {
    return "Running";
  }
  return mode === "fails" ? "Exception" : "Completed";
}
