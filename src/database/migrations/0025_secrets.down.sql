DO $$
BEGIN
    IF EXISTS (SELECT FROM machine_os_installation_request WHERE sealed_key(os_installation_request_raw) IS NOT NULL) THEN
        RAISE EXCEPTION 'requests are sealed: an older schema can''t read them' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$;
DROP TRIGGER installation_request_in_history ON machine_os_installation_request;
CREATE CONSTRAINT TRIGGER installation_request_in_history AFTER INSERT OR UPDATE ON machine_os_installation_request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION installation_request_in_history();
DROP TRIGGER machine_state_touch ON machine_os_installation_request;
CREATE TRIGGER machine_state_touch AFTER INSERT OR UPDATE OR DELETE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
DROP TRIGGER agent_notify ON machine_os_installation_request;
CREATE TRIGGER agent_notify AFTER INSERT OR UPDATE OR DELETE ON machine_os_installation_request
    FOR EACH ROW EXECUTE FUNCTION agent_notify();
CREATE OR REPLACE FUNCTION installation_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.machine_id <> OLD.machine_id THEN
            RAISE EXCEPTION 'an installation request can''t move to another machine' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.generation = OLD.generation THEN
            IF NEW.os_installation_request_raw <> OLD.os_installation_request_raw THEN
                RAISE EXCEPTION 'generation % of machine % has been asked for already: a changed request needs a new generation',
                    NEW.generation, NEW.machine_id USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.generation < OLD.generation THEN
            RAISE EXCEPTION 'generation % of machine % is not greater than the one before, %',
                NEW.generation, NEW.machine_id, OLD.generation USING ERRCODE = 'check_violation';
        END IF;
        -- An INSERT ... ON CONFLICT DO UPDATE has been through here as an INSERT already.
        UPDATE machines SET last_generation = NEW.generation
            WHERE machine_id = NEW.machine_id AND last_generation < NEW.generation;
        RETURN NEW;
    END IF;
    UPDATE machines SET last_generation = NEW.generation
        WHERE machine_id = NEW.machine_id AND last_generation < NEW.generation;
    IF NOT FOUND AND EXISTS (SELECT FROM machines WHERE machine_id = NEW.machine_id) THEN
        RAISE EXCEPTION 'generation % of machine % is not greater than its last one', NEW.generation, NEW.machine_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
DROP INDEX installation_request_key;
DROP TABLE secrets_command;
DROP TABLE credential;
DROP TABLE session_secrets_key;
DROP TABLE secrets_key;
DROP FUNCTION sealed_key(bytea);
