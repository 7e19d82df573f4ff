import { createConnectQueryKey } from "@connectrpc/connect-query";
import { ControllerService } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { ProviderService } from "../../../gen/farrier/operator/v1/provider_pb.ts";

/** Milliseconds between two looks while the page is seen. */
export const providersEvery = 5_000;
/** Rows that are read of a list; the page says so where there are more. */
export const pageSize = 500;

/** Where machines come from. */
export const providersQuery = { method: ProviderService.method.providerList, input: {} } as const;
/** The beginning of its key. */
export const providersKey = createConnectQueryKey({ schema: providersQuery.method, cardinality: "finite" });
/** Machines' management controllers. */
export const controllersQuery = { method: ControllerService.method.controllerList, input: { pageSize } } as const;
