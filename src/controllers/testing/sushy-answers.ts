import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestContext } from "vitest";
import { peerProgram } from "./bmc-peers.ts";

/** What OpenStack's sushy reads about a controller's machine. */
export interface SushyAnswers {
  uuid: string;
  power: string | null;
  macs: string[];
  resets: string[];
  boots: string[];
}

const program = `
import json, os, sys
import urllib3
urllib3.disable_warnings()
import sushy
url, user = sys.argv[1:3]
auth = sushy.auth.SessionOrBasicAuth(user, os.environ["BMC_PASSWORD"])
connection = sushy.Sushy(url, auth=auth, verify=False)
systems = [one for one in connection.get_system_collection().get_members() if one.power_state is not None]
system = systems[0]
print(json.dumps({
    "uuid": system.uuid,
    "power": system.power_state and system.power_state.value,
    "macs": sorted(mac.lower() for mac in system.ethernet_interfaces.summary),
    "resets": sorted(one.value for one in system.get_allowed_reset_system_values()),
    "boots": sorted(one.value for one in system.get_allowed_system_boot_source_values()),
}))
connection._auth.close()
`;

/** Reads the same values with the Python client. Skips the test if it is not installed. */
export async function sushyAnswers(
  context: TestContext,
  { url, userName, password }: { url: string; userName: string; password: string },
): Promise<SushyAnswers> {
  const { stdout } = await promisify(execFile)(peerProgram("python3", context), ["-c", program, url, userName], {
    env: { ...process.env, BMC_PASSWORD: password },
  });
  return JSON.parse(stdout) as SushyAnswers;
}
