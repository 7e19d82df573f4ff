import type { IncomingHttpHeaders } from "node:http";
import type { EtagMode } from "./etag.ts";
import type { SimulatedSessions } from "./sessions.ts";
import type { SimulatedState } from "./state.ts";
import type { SimulatedTasks } from "./tasks.ts";

/** A call that the simulated controller received. */
export interface SimulatedCall {
  method: string;
  /** The path, without query and trailing slash. */
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

/** The parts of the controller that answer a call. */
export interface SimulatedParts {
  state: SimulatedState;
  sessions: SimulatedSessions;
  tasks: SimulatedTasks;
  etags: EtagMode;
  hasSessions: boolean;
}
