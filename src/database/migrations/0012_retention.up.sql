-- oldest-binary: 7

-- How many whole months of history are kept beside the current one: the fleet's configuration, one row; NULL = all.
CREATE TABLE retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    history_months integer CHECK (history_months >= 1)
);
INSERT INTO retention DEFAULT VALUES;

-- Drops the partitions of months older than are kept; returns their names. Entries are refused to be deleted one by one;
-- a month goes as a whole or not at all.
CREATE FUNCTION history_partitions_drop() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    kept integer := (SELECT history_months FROM retention);
    oldest text;
    partition_name text;
    dropped text[] := '{}';
BEGIN
    IF kept IS NULL THEN
        RETURN dropped;
    END IF;
    oldest := 'history_' || to_char((now() AT TIME ZONE 'UTC') - make_interval(months => kept), 'YYYY_MM');
    FOR partition_name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'history'::regclass AND c.relname ~ '^history_[0-9]{4}_[0-9]{2}$' AND c.relname < oldest
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE %I', partition_name);
        dropped := dropped || partition_name;
    END LOOP;
    RETURN dropped;
END
$$;
