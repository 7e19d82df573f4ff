import type { IncomingHttpHeaders } from "node:http";
import type { EtagMode } from "./etag.ts";
import type { SimulatedSessions } from "./sessions.ts";
import type { SimulatedState } from "./state.ts";
import type { SimulatedTasks } from "./tasks.ts";

/** A call as it came. */
export interface SimulatedCall {
  method: string;
  /** Without query and slash at the end. */
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

/** What a call is answered from. */
export interface SimulatedParts {
  state: SimulatedState;
  sessions: SimulatedSessions;
  tasks: SimulatedTasks;
  etags: EtagMode;
  hasSessions: boolean;
}
