-- oldest-binary: 52

-- How many machines of each wave are in each state: a list of rollouts must not count millions of machines.
-- Rows with removal 0 are written by those who hold the rollout. A machine that is deleted takes itself off by a row of its own, because its
-- deletion must not wait for a rollout: the sum of a wave's and state's rows counts. Without a foreign key for the same reason.
CREATE TABLE rollout_count (
    rollout_number integer NOT NULL,
    wave integer NOT NULL,
    state text NOT NULL,
    removal bigint DEFAULT 0 NOT NULL,
    machines integer NOT NULL,
    refused integer NOT NULL,
    PRIMARY KEY (rollout_number, wave, state, removal)
);
CREATE SEQUENCE rollout_count_removal OWNED BY rollout_count.removal;

CREATE FUNCTION rollout_count_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO rollout_count (rollout_number, wave, state, removal, machines, refused)
        SELECT g.rollout_number, g.wave, g.state, nextval('rollout_count_removal'), -g.machines, -g.refused
        FROM (
            SELECT rollout_number, wave, state, count(*) AS machines, count(refused) AS refused
            FROM gone GROUP BY rollout_number, wave, state
        ) g JOIN rollout o ON o.rollout_number = g.rollout_number;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO rollout_count AS c (rollout_number, wave, state, machines, refused)
        SELECT rollout_number, wave, state, count(*), count(refused) FROM come
        GROUP BY rollout_number, wave, state ORDER BY rollout_number, wave, state
        ON CONFLICT (rollout_number, wave, state, removal) DO UPDATE
        SET machines = c.machines + excluded.machines, refused = c.refused + excluded.refused;
    ELSE
        INSERT INTO rollout_count AS c (rollout_number, wave, state, machines, refused)
        SELECT rollout_number, wave, state, sum(machines), sum(refused) FROM (
            SELECT rollout_number, wave, state, 1 AS machines, (refused IS NOT NULL)::integer AS refused FROM come
            UNION ALL SELECT rollout_number, wave, state, -1, -(refused IS NOT NULL)::integer FROM gone
        ) d
        GROUP BY rollout_number, wave, state HAVING sum(machines) <> 0 OR sum(refused) <> 0
        ORDER BY rollout_number, wave, state
        ON CONFLICT (rollout_number, wave, state, removal) DO UPDATE
        SET machines = c.machines + excluded.machines, refused = c.refused + excluded.refused;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER rollout_count_insert AFTER INSERT ON rollout_machine
    REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();
CREATE TRIGGER rollout_count_update AFTER UPDATE ON rollout_machine
    REFERENCING OLD TABLE AS gone NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();
CREATE TRIGGER rollout_count_delete AFTER DELETE ON rollout_machine
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();

-- A rollout takes its counts with it.
CREATE FUNCTION rollout_count_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM rollout_count WHERE rollout_number = OLD.rollout_number;
    RETURN NULL;
END
$$;
CREATE TRIGGER rollout_count_end AFTER DELETE ON rollout FOR EACH ROW EXECUTE FUNCTION rollout_count_end();

-- Nobody else writes rollout_machine until this is committed: creating the triggers has locked it.
INSERT INTO rollout_count (rollout_number, wave, state, machines, refused)
SELECT rollout_number, wave, state, count(*), count(refused) FROM rollout_machine GROUP BY rollout_number, wave, state;
