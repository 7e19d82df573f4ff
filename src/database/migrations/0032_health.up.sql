-- oldest-binary: 25

-- A machine's health, as its controller tells it: read at a slow pace.
CREATE TABLE machine_health (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    rollup text NOT NULL CHECK (rollup IN ('ok', 'warning', 'critical', 'unknown')),
    -- Since when the rollup has been read so.
    since timestamptz NOT NULL DEFAULT now(),
    -- Parts that are not healthy, such as 'Fan 3: critical'.
    failed text[] NOT NULL CHECK (cardinality(failed) <= 40),
    -- What could not be read.
    unread text[] NOT NULL CHECK (cardinality(unread) <= 10),
    inlet_celsius real,
    -- The newest entries of the controller's event log, newest first: [{"at", "severity", "text"}].
    events jsonb NOT NULL CHECK (jsonb_array_length(events) <= 10),
    -- When it was last read; absent = never.
    read_at timestamptz,
    tried_at timestamptz NOT NULL DEFAULT now(),
    -- Why the last try failed; absent = it did not.
    problem text,
    -- The last rollup in history; unknown ones are left out there.
    noted text,
    CHECK (read_at IS NOT NULL OR rollup = 'unknown')
) WITH (fillfactor = 80);
CREATE INDEX machine_health_bad ON machine_health (rollup) WHERE rollup IN ('warning', 'critical');

CREATE TRIGGER machine_change_touch AFTER INSERT ON machine_health
    FOR EACH ROW EXECUTE FUNCTION machine_change_touch();
CREATE TRIGGER machine_change_touch_update AFTER UPDATE ON machine_health
    FOR EACH ROW WHEN (NEW.rollup <> OLD.rollup OR NEW.failed <> OLD.failed) EXECUTE FUNCTION machine_change_touch();

-- A login that a controller refused. No shepherd tries it again before not_before, unless something of it changes:
-- controllers lock accounts.
CREATE TABLE machine_controller_refusal (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    -- SHA-256 of the address, the trust and the credential's revision that were tried.
    tried bytea NOT NULL CHECK (octet_length(tried) = 32),
    times integer NOT NULL CHECK (times > 0),
    refused_at timestamptz NOT NULL DEFAULT now(),
    not_before timestamptz NOT NULL
);

INSERT INTO history_event (event) VALUES ('health_changed');
