import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { useLiveFleet } from "../../live/use-live-fleet.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ProviderCard } from "./ProviderCard.tsx";
import { providersEvery, providersKey, providersQuery } from "./queries.ts";

/** Every provider, with what is wrong with it. */
export function Providers(): ReactElement {
  const { data, error, refetch } = useQuery(providersQuery.method, providersQuery.input, {
    refetchInterval: providersEvery,
  });
  const machines = data?.providers.reduce((sum, provider) => sum + provider.machines, 0);
  useLiveFleet(providersKey, machines === undefined ? undefined : BigInt(machines), providersEvery);
  return (
    <section aria-labelledby="providers" className="flex flex-col gap-2">
      <h2 id="providers">Where machines come from</h2>
      {error === null ? null : (
        <RpcError title="The providers can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data?.fileProblems.map((problem) => (
        <p key={problem} className="border-bad bg-bad-soft rounded-md border px-3 py-2">
          <strong className="text-bad">The newest version of a file of providers is not in force.</strong>{" "}
          <ForeignText text={problem} lines />
        </p>
      ))}
      {data !== undefined && data.providers.length === 0 ? (
        <EmptyState title="No provider has machines yet">
          <p>Machines that are added by hand are of the provider static:</p>
          <CliCopy command="farrier machine add --provider static --provider-id rack1-u1 --name web1" />
        </EmptyState>
      ) : (
        <ul className="flex flex-col gap-2">
          {data?.providers.map((provider) => (
            <li key={provider.name}>
              <ProviderCard provider={provider} />
            </li>
          ))}
        </ul>
      )}
      <p className="text-dim text-sm">
        How many machines there are is shown as it changes, where the fleet is small enough. The rest is read anew every{" "}
        {providersEvery / 1_000} seconds while this page is seen.
      </p>
    </section>
  );
}
