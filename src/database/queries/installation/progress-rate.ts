import { sql, type RawBuilder } from "kysely";

/**
 * The rate in bytes per second after a report of `bytes` over the row `p` of the same phase and run: an average in which
 * a report counts more the newer it is, by a factor of e in ten seconds. It is null after the first report.
 */
export function progressRate(bytes: RawBuilder<unknown>): RawBuilder<unknown> {
  // Within a millisecond nothing is measured. exp() of a much smaller number would be an error.
  const seconds = sql`least(extract(epoch FROM now() - p.progressed_at)::float8, 300)`;
  const measured = sql`(${bytes} - p.bytes_done) / ${seconds}`;
  return sql`CASE
    WHEN ${bytes} < p.bytes_done THEN NULL
    WHEN ${seconds} < 0.001 THEN p.bytes_per_second
    ELSE coalesce(p.bytes_per_second, ${measured})
      + (${measured} - coalesce(p.bytes_per_second, ${measured})) * (1 - exp(-${seconds} / 10))
    END`;
}
