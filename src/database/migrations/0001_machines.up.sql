-- oldest-binary: 1

-- A machine is a row; all else about it is in tags, tables keyed by machine_id.
CREATE TABLE machines (
    machine_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    machine_created_at timestamptz NOT NULL DEFAULT now(),
    -- Accepted wherever an id is, so it never looks like one.
    name text COLLATE "C" UNIQUE
        CHECK (name ~ '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$' AND name !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    labels jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    -- The greatest generation ever asked for; 0 = none.
    last_generation bigint NOT NULL DEFAULT 0 CHECK (last_generation >= 0)
);
CREATE INDEX machines_labels ON machines USING gin (labels jsonb_path_ops);

-- What a deleted machine leaves behind, so that a generation is not used again should its id come back.
CREATE TABLE machine_tombstones (
    machine_id uuid PRIMARY KEY,
    last_generation bigint NOT NULL CHECK (last_generation >= 0),
    machine_deleted_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION machines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.last_generation := greatest(NEW.last_generation, (
            SELECT t.last_generation FROM machine_tombstones t WHERE t.machine_id = NEW.machine_id
        ));
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO machine_tombstones (machine_id, last_generation) VALUES (OLD.machine_id, OLD.last_generation)
        ON CONFLICT (machine_id) DO UPDATE SET
            last_generation = greatest(machine_tombstones.last_generation, excluded.last_generation),
            machine_deleted_at = now();
        RETURN OLD;
    END IF;
    IF NEW.machine_id <> OLD.machine_id THEN
        RAISE EXCEPTION 'the id of machine % can''t change', OLD.machine_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.last_generation < OLD.last_generation THEN
        RAISE EXCEPTION 'the last generation of machine % can''t go back from % to %',
            OLD.machine_id, OLD.last_generation, NEW.last_generation USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER machines_guard BEFORE INSERT OR UPDATE OR DELETE ON machines
    FOR EACH ROW EXECUTE FUNCTION machines_guard();
