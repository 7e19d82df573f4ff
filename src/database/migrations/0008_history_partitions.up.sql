-- oldest-binary: 7

-- Makes the partitions of this month and the given number of months after it, where they are missing; returns how many.
CREATE OR REPLACE FUNCTION history_partitions_ensure(months_ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
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
                -- Row triggers come with the parent's; those of statements do not.
                EXECUTE format(
                    'CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON %I '
                        'FOR EACH STATEMENT EXECUTE FUNCTION history_guard()',
                    partition_name
                );
                made := made + 1;
            EXCEPTION
                WHEN duplicate_table OR unique_violation THEN
                    -- Another component was quicker.
                    NULL;
                WHEN check_violation THEN
                    -- The default partition has entries of that month already: there they stay, and the rest of it with them.
                    NULL;
            END;
        END IF;
    END LOOP;
    RETURN made;
END
$$;

DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'history'::regclass LOOP
        EXECUTE format(
            'CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON %s '
                'FOR EACH STATEMENT EXECUTE FUNCTION history_guard()',
            partition
        );
    END LOOP;
END
$$;
