import { create } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AgentKeyService } from "../../../gen/farrier/operator/v1/agent_pb.ts";
import { EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { FleetService } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineDeleteRequestSchema, MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineId } from "../../database/ids.ts";
import { bodyDigest } from "./body-digest.ts";
import { commandName, operatorCommand } from "./operator-command.ts";

const id = machineId("123e4567-e89b-42d3-a456-426614174000");
const requestId = "9E107D9D-372B-4B6A-8A2F-5C0D1E2F3A4B";

// Databases store commands' records under these names: after a rename, a repeated command would be carried out again.
test("a command's name is its method's, as records have it", () => {
  const services = [MachineService, InstallationService, EnrollmentService, AgentKeyService, FleetService];
  const names = services.flatMap(({ methods }) => methods.map(({ name }) => commandName(name)));
  expect(names).toEqual(
    expect.arrayContaining([
      ...["machine_add", "machine_update", "machine_delete", "machine_quarantine", "machine_release"],
      ...["installation_request", "installation_cancel", "installation_retry"],
      ...["boot_window_open", "boot_window_close", "enrollment_approve", "enrollment_reject"],
      ...["agent_register", "backoff_clear"],
    ]),
  );
});

test("a command is recorded under its method, its request id in lower case, and what it asks for", () => {
  const request = create(MachineDeleteRequestSchema, { requestId, machine: "web1" });
  const context = createHandlerContext({
    service: MachineService,
    method: MachineService.method.machineDelete,
    protocolName: "connect",
    requestMethod: "POST",
    url: "http://localhost/",
    contextValues: createContextValues(),
  });
  expect(operatorCommand(context, request, id)).toMatchObject({
    machineId: id,
    requestId: requestId.toLowerCase(),
    command: "machine_delete",
    bodyDigest: bodyDigest(MachineDeleteRequestSchema, request, id),
  });
});
