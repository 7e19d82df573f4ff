-- oldest-binary: 1

-- What happened to a machine, by whom and why. Append-only; it outlives the machine, so it has no foreign key.
CREATE SEQUENCE history_id AS bigint;
CREATE TABLE history (
    at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL DEFAULT nextval('history_id'),
    -- Readers that resume by cursor read only below pg_snapshot_xmin: ids alone commit out of order.
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    machine_id uuid NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('agent', 'operator', 'component', 'system')),
    actor text NOT NULL,
    session_id uuid,
    process text,
    generation bigint,
    event text NOT NULL CHECK (event IN (
        'machine_added', 'machine_deleted',
        'agent_registered', 'agent_replaced', 'agent_lost',
        'hardware_reported',
        'installation_requested', 'installation_replaced', 'installation_handed_out', 'installation_progressed',
        'installation_succeeded', 'installation_failed', 'installation_cancelled',
        'installed_removed', 'report_late', 'report_unasked',
        'work_claimed', 'work_finished', 'work_failed', 'work_cancelled', 'work_lost'
    )),
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
ALTER SEQUENCE history_id OWNED BY history.id;
CREATE INDEX history_machine ON history (machine_id, at, id);
CREATE INDEX history_machine_generation ON history (machine_id, generation, event) WHERE generation IS NOT NULL;
-- Takes what no month's partition does, so that a missed month costs speed, never an entry.
CREATE TABLE history_default PARTITION OF history DEFAULT;

CREATE FUNCTION history_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER history_guard BEFORE UPDATE OR DELETE ON history FOR EACH ROW EXECUTE FUNCTION history_guard();
CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON history FOR EACH STATEMENT EXECUTE FUNCTION history_guard();

-- Makes the partitions of this month and the given number of months after it, where they are missing; returns how many.
CREATE FUNCTION history_partitions_ensure(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    starts timestamp;
    partition_name text;
    made integer := 0;
BEGIN
    FOR month IN 0..months_ahead LOOP
        starts := this_month + make_interval(months => month);
        partition_name := 'history_' || to_char(starts, 'YYYY_MM');
        IF to_regclass(partition_name) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF history FOR VALUES FROM (%L) TO (%L)',
                    partition_name,
                    starts AT TIME ZONE 'UTC',
                    (starts + interval '1 month') AT TIME ZONE 'UTC'
                );
                made := made + 1;
            EXCEPTION WHEN duplicate_table THEN
                -- Another component was quicker.
                NULL;
            END;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
