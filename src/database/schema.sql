-- Written by tools/schema-dump.ts from the migrated database; not to be edited.

-- Functions

CREATE OR REPLACE FUNCTION public.agent_notify()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('farrier_agent', CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END::text);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.controller_operation_notify()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('farrier_operation', NEW.operation_id::text);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.history_event_check()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    EXECUTE format(
        'ALTER TABLE history DROP CONSTRAINT IF EXISTS history_event_check, '
            'ADD CONSTRAINT history_event_check CHECK (event = ANY (%L::text[])) NOT VALID',
        (SELECT array_agg(e.event ORDER BY e.event COLLATE "C") FROM history_event e)
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.history_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'history is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$function$;

CREATE OR REPLACE FUNCTION public.history_partitions_drop()
 RETURNS text[]
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.history_partitions_ensure(months_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.installation_pending(requested bigint, reported bigint)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((requested IS NOT NULL) AND (requested IS DISTINCT FROM reported));

CREATE OR REPLACE FUNCTION public.installation_report_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.generation <= OLD.generation THEN
        RAISE EXCEPTION 'machine % has the final result of generation % already', OLD.machine_id, OLD.generation
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.installation_request_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.machine_id <> OLD.machine_id THEN
            RAISE EXCEPTION 'an installation request can''t move to another machine' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.generation = OLD.generation THEN
            IF NEW.os_installation_request_raw <> OLD.os_installation_request_raw
                AND sealed_key(NEW.os_installation_request_raw) IS NULL THEN
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
$function$;

CREATE OR REPLACE FUNCTION public.installation_request_in_history()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
    SELECT NEW.machine_id, 'system', session_user, NEW.generation, 'installation_requested', '{"by": "sql"}'
    WHERE NOT EXISTS (
        SELECT FROM history h WHERE h.machine_id = NEW.machine_id AND h.generation = NEW.generation
            AND h.event = 'installation_requested'
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.installation_retry_arm()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.result = 'error' THEN
        UPDATE machine_os_installation_retry
            SET not_before = CASE WHEN attempts_left > 0 THEN now() + make_interval(secs => wait_jittered_seconds) END
            WHERE machine_id = NEW.machine_id AND generation = NEW.generation;
    ELSE
        -- A success needs no other, and whoever cancels wants none.
        DELETE FROM machine_os_installation_retry WHERE machine_id = NEW.machine_id AND generation = NEW.generation;
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_boot_override_due(machine uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
    INSERT INTO machine_boot_override (machine_id)
    SELECT c.machine_id FROM machine_controller c WHERE c.machine_id = machine
    ON CONFLICT (machine_id) DO UPDATE SET version = excluded.version, since = now(), clear_at = now(),
        failures = 0, failed_at = NULL, failed_cause = NULL
$function$;

CREATE OR REPLACE FUNCTION public.machine_by_identity(smbios uuid, macs macaddr[])
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    WITH own AS (
        SELECT t.mac FROM unnest(macs) t (mac) WHERE NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = t.mac)
    )
    SELECT CASE WHEN count(*) = 1 THEN (array_agg(c.machine_id))[1] END
    FROM (
        SELECT u.machine_id FROM machine_smbios u WHERE u.smbios_uuid = smbios
        UNION SELECT k.machine_id FROM machine_mac k WHERE k.mac IN (SELECT own.mac FROM own)
    ) c
    WHERE NOT EXISTS (SELECT FROM machine_smbios u WHERE u.machine_id = c.machine_id AND u.smbios_uuid <> smbios)
        AND (
            NOT EXISTS (SELECT FROM own)
            OR NOT EXISTS (
                SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id
                    AND NOT EXISTS (SELECT FROM shared_mac s WHERE s.mac = k.mac)
            )
            OR EXISTS (SELECT FROM machine_mac k WHERE k.machine_id = c.machine_id AND k.mac IN (SELECT own.mac FROM own))
        )
$function$;

CREATE OR REPLACE FUNCTION public.machine_came_up_begin()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    can boolean;
BEGIN
    UPDATE machine_came_up c SET deadline_at = NULL
    WHERE c.machine_id = CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END
        AND c.deadline_at IS NOT NULL AND c.silent_at IS NULL AND c.heard_at IS NULL
        AND (TG_OP = 'DELETE' OR c.generation <> NEW.generation);
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    can := EXISTS (
        SELECT FROM machine_agent_features f
        JOIN machine_agent_started a ON a.machine_id = f.machine_id AND a.agent_public_key = f.agent_public_key
        WHERE f.machine_id = NEW.machine_id AND 'vendor-data' = ANY (f.features)
    );
    UPDATE machine_came_up c SET
        deadline_at = CASE WHEN can AND c.unasked IS NULL THEN now() + make_interval(secs => c.within_seconds) END,
        unasked = coalesce(c.unasked, CASE WHEN NOT can THEN 'agent' END)
    WHERE c.machine_id = NEW.machine_id AND c.generation = NEW.generation AND c.deadline_at IS NULL
        AND c.heard_at IS NULL;
    INSERT INTO history (machine_id, actor_kind, actor, generation, event, detail)
    SELECT c.machine_id, 'system', 'farrier', c.generation, 'came_up_unasked', jsonb_build_object('why', c.unasked)
    FROM machine_came_up c
    WHERE c.machine_id = NEW.machine_id AND c.generation = NEW.generation AND c.unasked IS NOT NULL;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_change_touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM machine_changed(NEW.machine_id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_changed(machine uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
    UPDATE machine_state s SET changed_xact = pg_current_xact_id()
    WHERE s.machine_id = machine AND s.changed_xact <> pg_current_xact_id()
$function$;

CREATE OR REPLACE FUNCTION public.machine_identity_touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM machine_changed(CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_installed_boot()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM machine_boot_override_due(NEW.machine_id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_notify()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM pg_notify('farrier_machine', '');
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_start_allow()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO machine_start_allowed (machine_id, allowed_by) VALUES (NEW.machine_id, 'its installation')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_state_now(machine uuid)
 RETURNS TABLE(state text, not_before timestamp with time zone, candidate text, provider text, wanted boolean, name text, machine_created_at timestamp with time zone, installation text, requested_at timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
    SELECT
        CASE
            WHEN z.machine_id IS NOT NULL THEN 'quarantined'
            WHEN w.process IS NOT NULL THEN wp.working_state
            WHEN f.candidate IS NOT NULL AND b.backoff_until > now() THEN 'backing-off'
            WHEN cp.candidate_state IS NOT NULL THEN cp.candidate_state
            WHEN f.pending AND g.machine_id IS NOT NULL THEN 'installing'
            WHEN f.pending THEN 'install-pending'
            WHEN d.machine_id IS NOT NULL THEN CASE
                WHEN u.deadline_at IS NULL OR u.heard_at IS NOT NULL THEN 'installed'
                WHEN u.silent_at IS NULL THEN 'coming-up'
                ELSE 'silent'
            END
            WHEN r.result IN ('error', 'cancelled') THEN 'install-failed'
            WHEN a.machine_id IS NULL THEN 'new'
            WHEN h.machine_id IS NULL THEN 'awaiting-agent'
            ELSE 'ready'
        END,
        CASE WHEN w.process IS NULL AND f.candidate IS NOT NULL AND b.backoff_until > now() THEN b.backoff_until END,
        f.candidate,
        p.provider,
        f.wanted,
        coalesce(m.name, ''),
        m.machine_created_at,
        CASE WHEN f.pending THEN 'pending' ELSE r.result END,
        q.requested_at
    FROM machines m
    LEFT JOIN machine_quarantine z ON z.machine_id = m.machine_id
    LEFT JOIN machine_provided p ON p.machine_id = m.machine_id
    LEFT JOIN machine_agent_started a ON a.machine_id = m.machine_id
    LEFT JOIN machine_agent_heartbeat h ON h.machine_id = m.machine_id AND h.agent_heartbeat_at >= a.agent_started_at
    LEFT JOIN machine_os_installation_request q ON q.machine_id = m.machine_id
    LEFT JOIN machine_os_installation_report r ON r.machine_id = m.machine_id AND r.generation = q.generation
    LEFT JOIN machine_os_installation_progress g ON g.machine_id = m.machine_id AND g.generation = q.generation
    LEFT JOIN machine_os_installed d ON d.machine_id = m.machine_id
    LEFT JOIN machine_came_up u ON u.machine_id = d.machine_id AND u.generation = d.generation
    LEFT JOIN work w ON w.machine_id = m.machine_id
    LEFT JOIN process wp ON wp.process = w.process
    CROSS JOIN LATERAL (SELECT agent_wanted(m.machine_id) AS wanted) n
    CROSS JOIN LATERAL (
        SELECT n.wanted,
            installation_pending(q.generation, r.generation) AS pending,
            CASE
                WHEN NOT n.wanted OR p.machine_id IS NULL THEN NULL
                WHEN a.machine_id IS NULL THEN 'ShepherdAgentStart'
                WHEN agent_silent(m.machine_id) THEN 'ShepherdRecovery'
            END AS candidate
    ) f
    LEFT JOIN process cp ON cp.process = f.candidate
    LEFT JOIN work_backoff b ON b.machine_id = m.machine_id AND b.process = f.candidate
    WHERE m.machine_id = machine
    ORDER BY wp.process_order LIMIT 1
$function$;

CREATE OR REPLACE FUNCTION public.machine_state_refresh(machine uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    next record;
BEGIN
    PERFORM FROM machine_state s WHERE s.machine_id = machine FOR NO KEY UPDATE;
    SELECT * INTO next FROM machine_state_now(machine);
    IF next.state IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO machine_state AS s (
        machine_id, state, not_before, candidate, provider, name, machine_created_at, installation, requested_at
    ) VALUES (
        machine, next.state, next.not_before, next.candidate, next.provider, next.name, next.machine_created_at,
        next.installation, next.requested_at
    ) ON CONFLICT (machine_id) DO UPDATE SET
        state = excluded.state, not_before = excluded.not_before, candidate = excluded.candidate,
        provider = excluded.provider, name = excluded.name, machine_created_at = excluded.machine_created_at,
        installation = excluded.installation, requested_at = excluded.requested_at,
        since = CASE WHEN s.state = excluded.state THEN s.since ELSE now() END,
        deadline_missed_at = CASE WHEN s.state = excluded.state THEN s.deadline_missed_at END,
        changed_xact = pg_current_xact_id()
    WHERE (s.state, s.not_before, s.candidate, s.provider, s.name, s.machine_created_at, s.installation, s.requested_at)
        IS DISTINCT FROM (
            excluded.state, excluded.not_before, excluded.candidate, excluded.provider, excluded.name,
            excluded.machine_created_at, excluded.installation, excluded.requested_at
        );
    UPDATE machine_agent_heartbeat h SET agent_wanted = next.wanted
        WHERE h.machine_id = machine AND h.agent_wanted <> next.wanted;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_state_started()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM FROM machine_agent_heartbeat h WHERE h.machine_id = NEW.machine_id FOR NO KEY UPDATE;
    IF FOUND THEN
        PERFORM machine_state_refresh(NEW.machine_id);
        UPDATE machine_agent_heartbeat h SET heartbeat_bucket = 0
            WHERE h.machine_id = NEW.machine_id AND h.agent_heartbeat_at < NEW.agent_started_at AND h.heartbeat_bucket <> 0;
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_state_touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    machine uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.machine_id ELSE NEW.machine_id END;
BEGIN
    PERFORM machine_state_refresh(machine);
    PERFORM machine_changed(machine);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machine_state_unheard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE machine_agent_heartbeat h SET heartbeat_bucket = 0 FROM machine_agent_started a
    WHERE h.machine_id = NEW.machine_id AND a.machine_id = NEW.machine_id AND a.agent_started_at > h.agent_heartbeat_at;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.machines_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
            machine_deleted_at = now(), deleted_xact = pg_current_xact_id();
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
$function$;

CREATE OR REPLACE FUNCTION public.operator_audit_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'the audit is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$function$;

CREATE OR REPLACE FUNCTION public.operator_token_guard()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'tokens are revoked, not deleted: the audit names them' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (NEW.token_id, NEW.token_name, NEW.token_hash, NEW.token_prefix, NEW.role, NEW.created_at, NEW.created_by,
        NEW.created_request_id, NEW.created_body_digest, NEW.expires_at) IS DISTINCT FROM
       (OLD.token_id, OLD.token_name, OLD.token_hash, OLD.token_prefix, OLD.role, OLD.created_at, OLD.created_by,
        OLD.created_request_id, OLD.created_body_digest, OLD.expires_at)
        OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
        RAISE EXCEPTION 'token % can''t be changed: revoke it, and make another', OLD.token_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION public.rollout_count_end()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    DELETE FROM rollout_count WHERE rollout_number = OLD.rollout_number;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.rollout_count_keep()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION public.sealed_key(stored bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT CASE
        WHEN octet_length(stored) >= 41 AND substring(stored FROM 1 FOR 5) = '\x0066727301'::bytea
            THEN encode(substring(stored FROM 6 FOR 8), 'hex')
    END
$function$;

CREATE OR REPLACE FUNCTION public.smbios_swapped(smbios uuid)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT (
        substr(h, 7, 2) || substr(h, 5, 2) || substr(h, 3, 2) || substr(h, 1, 2) || substr(h, 11, 2) || substr(h, 9, 2)
        || substr(h, 15, 2) || substr(h, 13, 2) || substr(h, 17)
    )::uuid FROM replace(smbios::text, '-', '') h
$function$;

-- Sequences

CREATE SEQUENCE history_id AS bigint START 1 INCREMENT 1 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1 OWNED BY history.id;

CREATE SEQUENCE operator_audit_id AS bigint START 1 INCREMENT 1 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1 OWNED BY operator_audit.id;

CREATE SEQUENCE rollout_count_removal AS bigint START 1 INCREMENT 1 MINVALUE 1 MAXVALUE 9223372036854775807 CACHE 1 OWNED BY rollout_count.removal;

-- Tables

CREATE TABLE agent_refused (
    machine_id uuid NOT NULL,
    agent_public_key bytea NOT NULL,
    refused_address text NOT NULL,
    machine_known boolean NOT NULL,
    refused_since timestamp with time zone NOT NULL,
    refused_at timestamp with time zone NOT NULL,
    refused_count bigint NOT NULL
);

CREATE TABLE agent_silence (
    only_row boolean DEFAULT true NOT NULL,
    started interval DEFAULT '00:30:00'::interval NOT NULL,
    heartbeat interval DEFAULT '00:10:00'::interval NOT NULL,
    departed interval DEFAULT '00:01:00'::interval NOT NULL
);

CREATE TABLE boot_image_file (
    architecture text NOT NULL,
    file text NOT NULL,
    digest text NOT NULL,
    bytes bigint NOT NULL,
    built_at timestamp with time zone NOT NULL
);

CREATE TABLE boot_medium_server (
    url text NOT NULL,
    architectures text[] NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
) WITH (fillfactor=80);

CREATE TABLE cache_fetch (
    digest text NOT NULL,
    place uuid NOT NULL,
    holder uuid NOT NULL,
    heard_at timestamp with time zone DEFAULT now() NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE cache_file (
    digest text NOT NULL,
    store_id uuid NOT NULL,
    bytes bigint NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE cache_store (
    store_id uuid NOT NULL,
    urls text[] NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE came_up_target (
    url text NOT NULL,
    ca_sha256 bytea NOT NULL,
    ca_pem text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE catalogue_image (
    image_name text NOT NULL,
    last_version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL
);

CREATE TABLE console_link (
    code_hash bytea NOT NULL,
    request_id uuid NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    credential text NOT NULL,
    token_id uuid,
    credential_expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE console_session (
    console_session_id uuid DEFAULT gen_random_uuid() NOT NULL,
    key_hash bytea NOT NULL,
    cookie_hash bytea NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    credential text NOT NULL,
    token_id uuid,
    address text NOT NULL,
    user_agent text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    ended_request_id uuid
);

CREATE TABLE controller_operation (
    operation_id uuid NOT NULL,
    body_digest bytea NOT NULL,
    machine_id uuid,
    kind text NOT NULL,
    asked jsonb NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    session_id uuid,
    sent_at timestamp with time zone,
    ended_at timestamp with time zone,
    failed_code text,
    failed_cause text,
    result jsonb,
    sealed_password bytea
);

CREATE TABLE credential (
    credential_id uuid NOT NULL,
    credential_name text NOT NULL,
    kind text NOT NULL,
    user_name text NOT NULL,
    sealed_secret bytea NOT NULL,
    sealed_next_secret bytea,
    allowed text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    rotated_at timestamp with time zone,
    rotated_by text
);

CREATE TABLE enrollment_claim (
    agent_public_key bytea NOT NULL,
    smbios_uuid uuid,
    macs macaddr[] DEFAULT '{}'::macaddr[] NOT NULL,
    claim_address text NOT NULL,
    hardware_report_raw bytea,
    hardware_report_fingerprint bytea,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    rejected_at timestamp with time zone,
    rejected_by text
) WITH (fillfactor=80);

CREATE TABLE fleet_hardware (
    provider text NOT NULL,
    location text NOT NULL,
    others boolean NOT NULL,
    hardware_reports bigint NOT NULL,
    cpu_cores bigint NOT NULL,
    cpu_threads bigint NOT NULL,
    memory_bytes numeric NOT NULL,
    disks bigint NOT NULL,
    disk_bytes numeric NOT NULL,
    unreadable_reports bigint NOT NULL
);

CREATE TABLE fleet_statistics (
    only_row boolean DEFAULT true NOT NULL,
    computed_at timestamp with time zone,
    claimed_until timestamp with time zone,
    hardware_reports bigint DEFAULT 0 NOT NULL,
    cpu_cores bigint DEFAULT 0 NOT NULL,
    cpu_threads bigint DEFAULT 0 NOT NULL,
    memory_bytes numeric DEFAULT 0 NOT NULL,
    disks bigint DEFAULT 0 NOT NULL,
    disk_bytes numeric DEFAULT 0 NOT NULL,
    unreadable_reports bigint DEFAULT 0 NOT NULL
);

CREATE TABLE history (
    at timestamp with time zone DEFAULT now() NOT NULL,
    id bigint DEFAULT nextval('history_id'::regclass) NOT NULL,
    xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    machine_id uuid NOT NULL,
    actor_kind text NOT NULL,
    actor text NOT NULL,
    session_id uuid,
    process text,
    generation bigint,
    event text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
) PARTITION BY RANGE (at);

CREATE TABLE history_default PARTITION OF history DEFAULT;

CREATE TABLE history_event (
    event text NOT NULL
);

CREATE TABLE image_rule (
    rule_name text NOT NULL,
    kind text NOT NULL,
    sources text[] DEFAULT '{}'::text[] NOT NULL,
    keys jsonb DEFAULT '[]'::jsonb NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE image_tag (
    image_name text NOT NULL,
    tag text NOT NULL,
    version integer NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE image_version (
    image_name text NOT NULL,
    version integer NOT NULL,
    state text DEFAULT 'fetching'::text NOT NULL,
    sealed_source bytea NOT NULL,
    shown_url text NOT NULL,
    asked_digest text,
    digest text,
    signed boolean NOT NULL,
    cached boolean NOT NULL,
    facts jsonb,
    session_id uuid,
    attempts integer DEFAULT 0 NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    phase text,
    bytes_done bigint DEFAULT 0 NOT NULL,
    bytes_total bigint DEFAULT 0 NOT NULL,
    progress_at timestamp with time zone,
    failure_code text,
    failure text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    ready_at timestamp with time zone,
    public boolean DEFAULT false NOT NULL,
    fetched_signature bytea
);

CREATE TABLE machine_agent_features (
    machine_id uuid NOT NULL,
    agent_public_key bytea NOT NULL,
    features text[] NOT NULL
);

CREATE TABLE machine_agent_heartbeat (
    machine_id uuid NOT NULL,
    agent_heartbeat_at timestamp with time zone NOT NULL,
    heartbeat_bucket integer NOT NULL,
    agent_wanted boolean DEFAULT true NOT NULL,
    caller bigint,
    caller_before bigint,
    duplicate_at timestamp with time zone
) WITH (fillfactor=60, autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.1);

CREATE TABLE machine_agent_log (
    machine_id uuid NOT NULL,
    log_number bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    logged_at timestamp with time zone DEFAULT now() NOT NULL,
    run bytea NOT NULL,
    sequence bigint NOT NULL,
    line_count integer NOT NULL,
    agent_log_raw bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor=0.05);

CREATE TABLE machine_agent_started (
    machine_id uuid NOT NULL,
    agent_started_at timestamp with time zone DEFAULT now() NOT NULL,
    agent_public_key bytea NOT NULL
);

CREATE TABLE machine_boot_by (
    machine_id uuid NOT NULL,
    means text NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE machine_boot_override (
    machine_id uuid NOT NULL,
    version uuid DEFAULT gen_random_uuid() NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    clear_at timestamp with time zone DEFAULT now() NOT NULL,
    session_id uuid,
    failures integer DEFAULT 0 NOT NULL,
    failed_at timestamp with time zone,
    failed_cause text,
    ways text[] DEFAULT '{}'::text[] NOT NULL
);

CREATE TABLE machine_boot_window (
    machine_id uuid NOT NULL,
    window_id uuid DEFAULT gen_random_uuid() NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    token_digest bytea,
    given_at timestamp with time zone,
    enrolled_key bytea,
    enrolled_at timestamp with time zone,
    claimed_keys bytea[] DEFAULT '{}'::bytea[] NOT NULL,
    way text DEFAULT 'network'::text NOT NULL,
    medium_digest bytea,
    fetchers inet[],
    fetched_at timestamp with time zone,
    refused_fetcher inet
);

CREATE TABLE machine_came_up (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    within_seconds integer NOT NULL,
    token_sha256 bytea,
    unasked text,
    deadline_at timestamp with time zone,
    silent_at timestamp with time zone,
    heard_at timestamp with time zone,
    heard_over text,
    heard_from text,
    report jsonb,
    report_sha256 bytea
);

CREATE TABLE machine_controller (
    machine_id uuid NOT NULL,
    protocol text NOT NULL,
    url text NOT NULL,
    system text NOT NULL,
    credential_id uuid NOT NULL,
    trusted_by text NOT NULL,
    trusted_sha256 bytea,
    trusted_ca_pem text,
    maker text,
    model text,
    firmware text,
    power_commands text[] NOT NULL,
    boot_targets text[] NOT NULL,
    virtual_media boolean NOT NULL,
    may_control boolean NOT NULL,
    rules text[] NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL,
    http_boot boolean DEFAULT false NOT NULL
);

CREATE TABLE machine_controller_contact (
    machine_id uuid NOT NULL,
    contact_at timestamp with time zone,
    failed_at timestamp with time zone,
    failed_code text,
    failed_cause text,
    look_at timestamp with time zone DEFAULT now() NOT NULL
) WITH (fillfactor=80);

CREATE TABLE machine_controller_refusal (
    machine_id uuid NOT NULL,
    tried bytea NOT NULL,
    times integer NOT NULL,
    refused_at timestamp with time zone DEFAULT now() NOT NULL,
    not_before timestamp with time zone NOT NULL
);

CREATE TABLE machine_controller_wanted (
    machine_id uuid NOT NULL,
    provider text NOT NULL,
    wanted jsonb NOT NULL,
    done_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    try_at timestamp with time zone,
    failed_at timestamp with time zone,
    failed_code text,
    failed_cause text
);

CREATE TABLE machine_disk_begun (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_doubted (
    machine_id uuid NOT NULL,
    provider text NOT NULL,
    doubt text NOT NULL,
    doubted_at timestamp with time zone DEFAULT now() NOT NULL,
    accepted_at timestamp with time zone,
    accepted_by text
);

CREATE TABLE machine_found_running (
    machine_id uuid NOT NULL,
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    found_by text NOT NULL
);

CREATE TABLE machine_hardware_report (
    machine_id uuid NOT NULL,
    report_number bigint NOT NULL,
    hardware_reported_at timestamp with time zone NOT NULL,
    hardware_report_fingerprint bytea NOT NULL,
    hardware_report_raw bytea NOT NULL
);

CREATE TABLE machine_hardware_report_earlier (
    machine_id uuid NOT NULL,
    report_number bigint NOT NULL,
    hardware_reported_at timestamp with time zone NOT NULL,
    hardware_report_fingerprint bytea NOT NULL,
    hardware_report_raw bytea NOT NULL
);

CREATE TABLE machine_health (
    machine_id uuid NOT NULL,
    rollup text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    failed text[] NOT NULL,
    unread text[] NOT NULL,
    inlet_celsius real,
    events jsonb NOT NULL,
    read_at timestamp with time zone,
    tried_at timestamp with time zone DEFAULT now() NOT NULL,
    problem text,
    noted text
) WITH (fillfactor=80);

CREATE TABLE machine_installation_profile (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    profile_name text,
    profile_version integer,
    image_name text NOT NULL,
    image_version integer NOT NULL
);

CREATE TABLE machine_mac (
    machine_id uuid NOT NULL,
    mac macaddr NOT NULL
);

CREATE TABLE machine_medium_test (
    machine_id uuid NOT NULL,
    medium_digest bytea NOT NULL,
    fetchers inet[] NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    fetched_at timestamp with time zone,
    fetched_by inet,
    refused_fetcher inet,
    slot text,
    clear_at timestamp with time zone DEFAULT now() NOT NULL,
    failures integer DEFAULT 0 NOT NULL
);

CREATE TABLE machine_netboot (
    machine_id uuid NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    last_at timestamp with time zone DEFAULT now() NOT NULL,
    asked integer DEFAULT 0 NOT NULL,
    loaded integer DEFAULT 0 NOT NULL,
    configured integer DEFAULT 0 NOT NULL
) WITH (fillfactor=80);

CREATE TABLE machine_network (
    machine_id uuid NOT NULL,
    network_config text NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE machine_os_installation_progress (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    run bytea NOT NULL,
    phase text NOT NULL,
    bytes_done bigint NOT NULL,
    bytes_total bigint NOT NULL,
    detail text NOT NULL,
    writing_since timestamp with time zone,
    progressed_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text DEFAULT ''::text NOT NULL,
    gives_up_at timestamp with time zone,
    bytes_per_second double precision
) WITH (fillfactor=60, autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE machine_os_installation_report (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    result text NOT NULL,
    error text,
    os_installation_report_raw bytea,
    reported_by text NOT NULL,
    reported_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_os_installation_request (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    os_installation_request_raw bytea NOT NULL,
    digest text,
    requested_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_os_installation_retry (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    attempts integer NOT NULL,
    attempts_left integer NOT NULL,
    initial_seconds integer NOT NULL,
    maximum_seconds integer NOT NULL,
    exponent double precision NOT NULL,
    wait_seconds bigint NOT NULL,
    wait_jittered_seconds double precision NOT NULL,
    not_before timestamp with time zone
);

CREATE TABLE machine_os_installation_run (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    run bytea NOT NULL,
    handed_out_at timestamp with time zone DEFAULT now() NOT NULL,
    counted boolean DEFAULT true NOT NULL,
    replaced_at timestamp with time zone
);

CREATE TABLE machine_os_installation_writer (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    run bytea NOT NULL,
    agent_public_key bytea NOT NULL,
    writing_since timestamp with time zone DEFAULT now() NOT NULL,
    heard_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    power_off_at timestamp with time zone,
    rival_run bytea,
    rival_public_key bytea,
    rival_at timestamp with time zone,
    rival_told_at timestamp with time zone
) WITH (fillfactor=60);

CREATE TABLE machine_os_installed (
    machine_id uuid NOT NULL,
    generation bigint NOT NULL,
    digest text,
    installed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_power (
    machine_id uuid NOT NULL,
    power text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    read_at timestamp with time zone DEFAULT now() NOT NULL,
    read_from text NOT NULL
) WITH (fillfactor=80);

CREATE TABLE machine_provided (
    machine_id uuid NOT NULL,
    provider text NOT NULL,
    provider_id text NOT NULL,
    provider_reservation_id text,
    provider_address text,
    provider_location text,
    provider_status text,
    vanished_at timestamp with time zone,
    listed jsonb
);

CREATE TABLE machine_quarantine (
    machine_id uuid NOT NULL,
    reason text NOT NULL,
    quarantined_by text NOT NULL,
    quarantined_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_rollout_hold (
    machine_id uuid NOT NULL,
    rollout_number integer NOT NULL
);

CREATE TABLE machine_smbios (
    machine_id uuid NOT NULL,
    smbios_uuid uuid NOT NULL
);

CREATE TABLE machine_ssh (
    machine_id uuid NOT NULL,
    user_name text NOT NULL,
    host text NOT NULL,
    port integer NOT NULL,
    credential_id uuid NOT NULL,
    host_key text,
    accept_new boolean NOT NULL,
    host_key_at timestamp with time zone DEFAULT now() NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL
);

CREATE TABLE machine_start (
    machine_id uuid NOT NULL,
    means text NOT NULL,
    why text NOT NULL,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    step text NOT NULL,
    step_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone
) WITH (fillfactor=80);

CREATE TABLE machine_start_allowed (
    machine_id uuid NOT NULL,
    allowed_by text NOT NULL,
    allowed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE machine_start_failure (
    machine_id uuid NOT NULL,
    means text NOT NULL,
    failures integer NOT NULL,
    cause text,
    failed_at timestamp with time zone,
    failed_code text
);

CREATE TABLE machine_state (
    machine_id uuid NOT NULL,
    state text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    not_before timestamp with time zone,
    candidate text,
    provider text,
    deadline_missed_at timestamp with time zone,
    name text COLLATE "C" DEFAULT ''::text NOT NULL,
    machine_created_at timestamp with time zone DEFAULT now() NOT NULL,
    installation text,
    requested_at timestamp with time zone,
    provider_state text GENERATED ALWAYS AS (((provider || ' '::text) || state)) STORED,
    changed_xact xid8 DEFAULT pg_current_xact_id() NOT NULL
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_analyze_scale_factor=0.05);

CREATE TABLE machine_state_limit (
    state text NOT NULL,
    at_most interval
);

CREATE TABLE machine_takeover_key (
    machine_id uuid NOT NULL,
    agent_public_key bytea NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    good_until timestamp with time zone NOT NULL
);

CREATE TABLE machine_tombstones (
    machine_id uuid NOT NULL,
    last_generation bigint NOT NULL,
    machine_deleted_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_xact xid8 DEFAULT pg_current_xact_id() NOT NULL
);

CREATE TABLE machines (
    machine_id uuid DEFAULT gen_random_uuid() NOT NULL,
    machine_created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text COLLATE "C",
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    last_generation bigint DEFAULT 0 NOT NULL
) WITH (fillfactor=90, autovacuum_vacuum_scale_factor=0.05);

CREATE TABLE operator_audit (
    at timestamp with time zone DEFAULT now() NOT NULL,
    id bigint DEFAULT nextval('operator_audit_id'::regclass) NOT NULL,
    actor text NOT NULL,
    credential text NOT NULL,
    token_id uuid,
    role text NOT NULL,
    method text NOT NULL,
    machine text NOT NULL,
    machine_id uuid,
    address text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    request_id uuid,
    console_session_id uuid
);

CREATE TABLE operator_command (
    machine_id uuid NOT NULL,
    request_id uuid NOT NULL,
    command text NOT NULL,
    body_digest bytea NOT NULL,
    generation bigint NOT NULL,
    carried_out_at timestamp with time zone DEFAULT now() NOT NULL,
    answer jsonb
);

CREATE TABLE operator_token (
    token_id uuid NOT NULL,
    token_name text NOT NULL,
    token_hash bytea NOT NULL,
    token_prefix text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    created_request_id uuid NOT NULL,
    created_body_digest bytea NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_by text,
    revoked_request_id uuid,
    last_used_at timestamp with time zone
) WITH (fillfactor=80);

CREATE TABLE process (
    process text NOT NULL,
    working_state text NOT NULL,
    candidate_state text,
    process_order integer NOT NULL
);

CREATE TABLE profile (
    profile_name text NOT NULL,
    last_version integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL
);

CREATE TABLE profile_version (
    profile_name text NOT NULL,
    version integer NOT NULL,
    sealed_spec bytea NOT NULL,
    image text NOT NULL,
    image_name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_by text NOT NULL
);

CREATE TABLE provider (
    provider text NOT NULL,
    power boolean NOT NULL,
    listed_at timestamp with time zone,
    unreachable_since timestamp with time zone,
    unreachable_cause text,
    autostart boolean DEFAULT false NOT NULL,
    provider_type text,
    session_id uuid,
    settings_digest bytea,
    machines_listed integer,
    problems text[] DEFAULT '{}'::text[] NOT NULL,
    held_since timestamp with time zone,
    held_cause text,
    media_url text
);

CREATE TABLE retention (
    only_row boolean DEFAULT true NOT NULL,
    history_months integer
);

CREATE TABLE rollout (
    rollout_number integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    rollout_name text COLLATE "C" NOT NULL,
    profile_name text NOT NULL,
    profile_version integer NOT NULL,
    sealed_values bytea NOT NULL,
    state text DEFAULT 'planned'::text NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    waves integer[] NOT NULL,
    parallel integer NOT NULL,
    stop_after integer,
    stop_after_percent integer,
    window_from integer,
    window_to integer,
    time_zone text,
    expected_seconds integer,
    failures_answered integer DEFAULT 0 NOT NULL,
    session_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    planned_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone
);

CREATE TABLE rollout_count (
    rollout_number integer NOT NULL,
    wave integer NOT NULL,
    state text NOT NULL,
    removal bigint DEFAULT 0 NOT NULL,
    machines integer NOT NULL,
    refused integer NOT NULL
);

CREATE TABLE rollout_event (
    rollout_number integer NOT NULL,
    event_number integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    event text NOT NULL,
    detail text DEFAULT ''::text NOT NULL
);

CREATE TABLE rollout_machine (
    machine_id uuid NOT NULL,
    rollout_number integer NOT NULL,
    wave integer NOT NULL,
    "position" integer NOT NULL,
    state text DEFAULT 'planned'::text NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    seen_generation bigint NOT NULL,
    seen_hardware bytea,
    seen_labels text NOT NULL,
    disk text DEFAULT ''::text NOT NULL,
    disk_bytes bigint DEFAULT 0 NOT NULL,
    overwrites bigint,
    refused text,
    doubt text,
    attempt integer DEFAULT 0 NOT NULL,
    generation bigint,
    cause text,
    error text
);

CREATE TABLE schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    oldest_binary integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE secrets_command (
    request_id uuid NOT NULL,
    command text NOT NULL,
    body_digest bytea NOT NULL,
    answer jsonb,
    carried_out_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE secrets_key (
    key_id text NOT NULL,
    check_value bytea NOT NULL,
    state text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE session_provider (
    session_id uuid NOT NULL,
    provider text NOT NULL,
    provider_type text NOT NULL,
    settings_digest bytea NOT NULL
);

CREATE TABLE session_providers_file (
    session_id uuid NOT NULL,
    providers_file text NOT NULL,
    problem text,
    problem_since timestamp with time zone
);

CREATE TABLE session_secrets_key (
    session_id uuid NOT NULL,
    key_ids text[] NOT NULL,
    key_file text NOT NULL
);

CREATE TABLE sessions (
    session_id uuid DEFAULT gen_random_uuid() NOT NULL,
    session_component text NOT NULL,
    session_runtime_info text NOT NULL,
    session_created_at timestamp with time zone DEFAULT now() NOT NULL,
    session_interval_seconds integer NOT NULL,
    session_deadline timestamp with time zone NOT NULL
) WITH (fillfactor=50);

CREATE TABLE shared_mac (
    mac macaddr NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE shared_smbios (
    smbios_uuid uuid NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE webhook (
    webhook_id uuid NOT NULL,
    webhook_name text NOT NULL,
    shown_url text NOT NULL,
    sealed_target bytea NOT NULL,
    events text[] NOT NULL,
    private_allowed boolean NOT NULL,
    read_xact xid8 DEFAULT pg_current_xact_id() NOT NULL,
    read_id bigint DEFAULT 0 NOT NULL,
    session_id uuid,
    delivered bigint DEFAULT 0 NOT NULL,
    delivered_at timestamp with time zone,
    failure text,
    failed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL
);

CREATE TABLE webhook_dead_letter (
    webhook_id uuid NOT NULL,
    event_id bigint NOT NULL,
    event_at timestamp with time zone NOT NULL,
    machine_id uuid NOT NULL,
    event text NOT NULL,
    attempts integer NOT NULL,
    failure text NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE webhook_delivery (
    webhook_id uuid NOT NULL,
    machine_id uuid NOT NULL,
    event_id bigint NOT NULL,
    event_at timestamp with time zone NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE webhook_line (
    webhook_id uuid NOT NULL,
    machine_id uuid NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    failure text,
    unreachable boolean DEFAULT false NOT NULL
);

CREATE TABLE work (
    machine_id uuid NOT NULL,
    process text NOT NULL,
    session_id uuid NOT NULL,
    work_started_at timestamp with time zone DEFAULT now() NOT NULL
) WITH (autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE work_backoff (
    machine_id uuid NOT NULL,
    process text NOT NULL,
    backoff_until timestamp with time zone NOT NULL,
    last_interval_seconds bigint NOT NULL,
    cause text NOT NULL
) WITH (autovacuum_vacuum_scale_factor=0.02);

-- Functions over tables

CREATE OR REPLACE FUNCTION public.agent_wanted(machine uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((NOT (EXISTS (SELECT FROM machine_quarantine z WHERE (z.machine_id = agent_wanted.machine)))) AND ((NOT (EXISTS (SELECT FROM machine_os_installed d WHERE (d.machine_id = agent_wanted.machine)))) OR (EXISTS (SELECT FROM (machine_os_installation_request q LEFT JOIN machine_os_installation_report r ON ((r.machine_id = q.machine_id))) WHERE ((q.machine_id = agent_wanted.machine) AND installation_pending(q.generation, r.generation))))));

CREATE OR REPLACE FUNCTION public.machine_state_deadline(state text, since timestamp with time zone, not_before timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (SELECT (GREATEST(machine_state_deadline.since, machine_state_deadline.not_before) + l.at_most) FROM machine_state_limit l WHERE (l.state = machine_state_deadline.state));

CREATE OR REPLACE FUNCTION public.server_alive_for(silence interval)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (EXISTS (SELECT FROM sessions s WHERE ((s.session_component = 'server'::text) AND (s.session_deadline > now()) AND (s.session_created_at <= (now() - server_alive_for.silence)))));

CREATE OR REPLACE FUNCTION public.start_allowed(machine uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((EXISTS (SELECT FROM machine_start_allowed l WHERE (l.machine_id = start_allowed.machine))) OR (EXISTS (SELECT FROM (machine_provided p JOIN provider v ON ((v.provider = p.provider))) WHERE ((p.machine_id = start_allowed.machine) AND v.autostart))));

CREATE OR REPLACE FUNCTION public.agent_left(machine uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (EXISTS (SELECT FROM agent_silence t, ((machine_os_installed d JOIN machine_agent_heartbeat h ON ((h.machine_id = d.machine_id))) JOIN machine_agent_started a ON (((a.machine_id = d.machine_id) AND (a.agent_started_at <= h.agent_heartbeat_at)))) WHERE ((d.machine_id = agent_left.machine) AND (h.agent_heartbeat_at <= (d.installed_at + '00:00:20'::interval)) AND (h.agent_heartbeat_at < (now() - t.departed)) AND server_alive_for(t.departed))));

CREATE OR REPLACE FUNCTION public.writer_over(heard timestamp with time zone, ended timestamp with time zone, power_off timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((ended IS NOT NULL) OR COALESCE((power_off > heard), false) OR ((heard < (now() - '00:01:30'::interval)) AND server_alive_for('00:01:30'::interval)));

CREATE OR REPLACE FUNCTION public.agent_silent(machine uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((EXISTS (SELECT FROM ((machine_agent_started a CROSS JOIN agent_silence t) LEFT JOIN machine_agent_heartbeat h ON (((h.machine_id = a.machine_id) AND (h.agent_heartbeat_at >= a.agent_started_at)))) WHERE ((a.machine_id = agent_silent.machine) AND (((h.machine_id IS NULL) AND (a.agent_started_at < (now() - t.started)) AND server_alive_for(t.started)) OR ((h.agent_heartbeat_at < (now() - t.heartbeat)) AND server_alive_for(t.heartbeat)))))) OR agent_left(machine));

-- Constraints

ALTER TABLE agent_refused ADD CONSTRAINT agent_refused_agent_public_key_check CHECK ((octet_length(agent_public_key) = 32));

ALTER TABLE agent_refused ADD CONSTRAINT agent_refused_pkey PRIMARY KEY (machine_id);

ALTER TABLE agent_refused ADD CONSTRAINT agent_refused_refused_count_check CHECK ((refused_count > 0));

ALTER TABLE agent_silence ADD CONSTRAINT agent_silence_departed_check CHECK ((departed > '00:00:00'::interval));

ALTER TABLE agent_silence ADD CONSTRAINT agent_silence_heartbeat_check CHECK ((heartbeat > '00:00:00'::interval));

ALTER TABLE agent_silence ADD CONSTRAINT agent_silence_only_row_check CHECK (only_row);

ALTER TABLE agent_silence ADD CONSTRAINT agent_silence_pkey PRIMARY KEY (only_row);

ALTER TABLE agent_silence ADD CONSTRAINT agent_silence_started_check CHECK ((started > '00:00:00'::interval));

ALTER TABLE boot_image_file ADD CONSTRAINT boot_image_file_architecture_check CHECK ((architecture = ANY (ARRAY['x86_64'::text, 'arm64'::text])));

ALTER TABLE boot_image_file ADD CONSTRAINT boot_image_file_bytes_check CHECK ((bytes > 0));

ALTER TABLE boot_image_file ADD CONSTRAINT boot_image_file_digest_check CHECK ((digest ~ '^sha256:[0-9a-f]{64}$'::text));

ALTER TABLE boot_image_file ADD CONSTRAINT boot_image_file_file_check CHECK ((file = ANY (ARRAY['vmlinuz'::text, 'initramfs'::text])));

ALTER TABLE boot_image_file ADD CONSTRAINT boot_image_file_pkey PRIMARY KEY (architecture, file);

ALTER TABLE boot_medium_server ADD CONSTRAINT boot_medium_server_pkey PRIMARY KEY (url);

ALTER TABLE boot_medium_server ADD CONSTRAINT boot_medium_server_url_check CHECK ((url ~ '^https?://'::text));

ALTER TABLE cache_fetch ADD CONSTRAINT cache_fetch_pkey PRIMARY KEY (digest, place);

ALTER TABLE cache_file ADD CONSTRAINT cache_file_bytes_check CHECK ((bytes >= 0));

ALTER TABLE cache_file ADD CONSTRAINT cache_file_digest_check CHECK ((digest ~ '^sha256:[0-9a-f]{64}$'::text));

ALTER TABLE cache_file ADD CONSTRAINT cache_file_pkey PRIMARY KEY (digest, store_id);

ALTER TABLE cache_store ADD CONSTRAINT cache_store_pkey PRIMARY KEY (store_id);

ALTER TABLE cache_store ADD CONSTRAINT cache_store_urls_check CHECK (((cardinality(urls) >= 0) AND (cardinality(urls) <= 8)));

ALTER TABLE came_up_target ADD CONSTRAINT came_up_target_ca_pem_check CHECK ((octet_length(ca_pem) <= 65536));

ALTER TABLE came_up_target ADD CONSTRAINT came_up_target_ca_sha256_check CHECK ((octet_length(ca_sha256) = 32));

ALTER TABLE came_up_target ADD CONSTRAINT came_up_target_pkey PRIMARY KEY (url, ca_sha256);

ALTER TABLE came_up_target ADD CONSTRAINT came_up_target_url_check CHECK ((octet_length(url) <= 400));

ALTER TABLE catalogue_image ADD CONSTRAINT catalogue_image_image_name_check CHECK ((image_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE catalogue_image ADD CONSTRAINT catalogue_image_last_version_check CHECK ((last_version >= 0));

ALTER TABLE catalogue_image ADD CONSTRAINT catalogue_image_pkey PRIMARY KEY (image_name);

ALTER TABLE console_link ADD CONSTRAINT console_link_check CHECK (((credential = 'token'::text) = (token_id IS NOT NULL)));

ALTER TABLE console_link ADD CONSTRAINT console_link_code_hash_check CHECK ((octet_length(code_hash) = 32));

ALTER TABLE console_link ADD CONSTRAINT console_link_credential_check CHECK ((credential = ANY (ARRAY['data-directory'::text, 'token'::text, 'certificate'::text])));

ALTER TABLE console_link ADD CONSTRAINT console_link_pkey PRIMARY KEY (code_hash);

ALTER TABLE console_link ADD CONSTRAINT console_link_request_id_key UNIQUE (request_id);

ALTER TABLE console_link ADD CONSTRAINT console_link_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])));

ALTER TABLE console_session ADD CONSTRAINT console_session_check CHECK (((credential = 'token'::text) = (token_id IS NOT NULL)));

ALTER TABLE console_session ADD CONSTRAINT console_session_cookie_hash_check CHECK ((octet_length(cookie_hash) = 32));

ALTER TABLE console_session ADD CONSTRAINT console_session_credential_check CHECK ((credential = ANY (ARRAY['data-directory'::text, 'token'::text, 'certificate'::text])));

ALTER TABLE console_session ADD CONSTRAINT console_session_ended_request_id_key UNIQUE (ended_request_id);

ALTER TABLE console_session ADD CONSTRAINT console_session_key_hash_check CHECK ((octet_length(key_hash) = 32));

ALTER TABLE console_session ADD CONSTRAINT console_session_key_hash_key UNIQUE (key_hash);

ALTER TABLE console_session ADD CONSTRAINT console_session_pkey PRIMARY KEY (console_session_id);

ALTER TABLE console_session ADD CONSTRAINT console_session_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_body_digest_check CHECK ((octet_length(body_digest) = 32));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_check CHECK (((failed_code IS NULL) = (failed_cause IS NULL)));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_check1 CHECK (((ended_at IS NULL) = ((failed_code IS NULL) AND (result IS NULL))));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_check2 CHECK (((failed_code IS NULL) OR (result IS NULL)));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_kind_check CHECK ((kind = ANY (ARRAY['add'::text, 'check'::text, 'power'::text, 'boot'::text, 'identify'::text, 'password'::text, 'provider-check'::text])));

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_pkey PRIMARY KEY (operation_id);

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_sealed_password_check CHECK (((sealed_password IS NULL) OR (sealed_key(sealed_password) IS NOT NULL)));

ALTER TABLE credential ADD CONSTRAINT credential_allowed_check CHECK ((cardinality(allowed) > 0));

ALTER TABLE credential ADD CONSTRAINT credential_check CHECK (((rotated_at IS NULL) = (rotated_by IS NULL)));

ALTER TABLE credential ADD CONSTRAINT credential_credential_name_check CHECK ((credential_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE credential ADD CONSTRAINT credential_credential_name_key UNIQUE (credential_name);

ALTER TABLE credential ADD CONSTRAINT credential_kind_check CHECK ((kind = ANY (ARRAY['bmc'::text, 'ssh-password'::text, 'ssh-key'::text])));

ALTER TABLE credential ADD CONSTRAINT credential_pkey PRIMARY KEY (credential_id);

ALTER TABLE credential ADD CONSTRAINT credential_sealed_next_secret_check CHECK (((sealed_next_secret IS NULL) OR (sealed_key(sealed_next_secret) IS NOT NULL)));

ALTER TABLE credential ADD CONSTRAINT credential_sealed_secret_check CHECK ((sealed_key(sealed_secret) IS NOT NULL));

ALTER TABLE credential ADD CONSTRAINT credential_user_name_check CHECK ((user_name <> ''::text));

ALTER TABLE enrollment_claim ADD CONSTRAINT enrollment_claim_agent_public_key_check CHECK ((octet_length(agent_public_key) = 32));

ALTER TABLE enrollment_claim ADD CONSTRAINT enrollment_claim_check CHECK (((rejected_at IS NULL) = (rejected_by IS NULL)));

ALTER TABLE enrollment_claim ADD CONSTRAINT enrollment_claim_check1 CHECK (((hardware_report_raw IS NULL) = (hardware_report_fingerprint IS NULL)));

ALTER TABLE enrollment_claim ADD CONSTRAINT enrollment_claim_hardware_report_fingerprint_check CHECK ((octet_length(hardware_report_fingerprint) = 32));

ALTER TABLE enrollment_claim ADD CONSTRAINT enrollment_claim_pkey PRIMARY KEY (agent_public_key);

ALTER TABLE fleet_hardware ADD CONSTRAINT fleet_hardware_pkey PRIMARY KEY (provider, location, others);

ALTER TABLE fleet_statistics ADD CONSTRAINT fleet_statistics_only_row_check CHECK (only_row);

ALTER TABLE fleet_statistics ADD CONSTRAINT fleet_statistics_pkey PRIMARY KEY (only_row);

ALTER TABLE history ADD CONSTRAINT history_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['agent'::text, 'operator'::text, 'component'::text, 'system'::text])));

ALTER TABLE history ADD CONSTRAINT history_event_check CHECK ((event = ANY ('{agent_duplicate,agent_enrolled,agent_lost,agent_registered,agent_replaced,agent_start_allowed,backoff_cleared,boot_token_given,boot_window_closed,boot_window_opened,came_up,came_up_earlier,came_up_refused,came_up_silent,came_up_unasked,controller_password_changed,controller_removed,controller_set,deadline_missed,enrollment_awaiting,hardware_reported,health_changed,installation_cancelled,installation_failed,installation_handed_out,installation_progressed,installation_replaced,installation_requested,installation_retries_stopped,installation_succeeded,installation_writer_replaced,installed_removed,machine_added,machine_deleted,machine_joined,machine_quarantined,machine_released,machine_returned,machine_updated,machine_vanished,power_switched,report_late,report_other_run,report_unasked,rollout_cancelled,rollout_failed,rollout_good,rollout_joined,rollout_left_out,second_claimant,ssh_host_key_accepted,ssh_set,start_means_changed,takeover_begun,work_cancelled,work_claimed,work_failed,work_finished,work_lost}'::text[]))) NOT VALID;

ALTER TABLE history ADD CONSTRAINT history_pkey PRIMARY KEY (at, id);

ALTER TABLE history_event ADD CONSTRAINT history_event_pkey PRIMARY KEY (event);

ALTER TABLE image_rule ADD CONSTRAINT image_rule_check CHECK (((kind = 'sources'::text) = (cardinality(sources) > 0)));

ALTER TABLE image_rule ADD CONSTRAINT image_rule_check1 CHECK (((kind = 'keys'::text) = (keys <> '[]'::jsonb)));

ALTER TABLE image_rule ADD CONSTRAINT image_rule_keys_check CHECK ((jsonb_typeof(keys) = 'array'::text));

ALTER TABLE image_rule ADD CONSTRAINT image_rule_kind_check CHECK ((kind = ANY (ARRAY['sources'::text, 'keys'::text, 'catalogue'::text])));

ALTER TABLE image_rule ADD CONSTRAINT image_rule_pkey PRIMARY KEY (rule_name);

ALTER TABLE image_rule ADD CONSTRAINT image_rule_rule_name_check CHECK ((rule_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE image_tag ADD CONSTRAINT image_tag_pkey PRIMARY KEY (image_name, tag);

ALTER TABLE image_tag ADD CONSTRAINT image_tag_tag_check CHECK ((tag ~ '^[a-z]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE image_version ADD CONSTRAINT image_version_asked_digest_check CHECK ((asked_digest ~ '^sha256:[0-9a-f]{64}$'::text));

ALTER TABLE image_version ADD CONSTRAINT image_version_bytes_done_check CHECK ((bytes_done >= 0));

ALTER TABLE image_version ADD CONSTRAINT image_version_bytes_total_check CHECK ((bytes_total >= 0));

ALTER TABLE image_version ADD CONSTRAINT image_version_check CHECK (((state <> 'ready'::text) OR ((digest IS NOT NULL) AND (facts IS NOT NULL) AND (ready_at IS NOT NULL))));

ALTER TABLE image_version ADD CONSTRAINT image_version_check1 CHECK (((state = 'fetching'::text) OR (session_id IS NULL)));

ALTER TABLE image_version ADD CONSTRAINT image_version_digest_check CHECK ((digest ~ '^sha256:[0-9a-f]{64}$'::text));

ALTER TABLE image_version ADD CONSTRAINT image_version_fetched_signature_check CHECK ((octet_length(fetched_signature) <= 65536));

ALTER TABLE image_version ADD CONSTRAINT image_version_pkey PRIMARY KEY (image_name, version);

ALTER TABLE image_version ADD CONSTRAINT image_version_sealed_source_check CHECK ((sealed_key(sealed_source) IS NOT NULL));

ALTER TABLE image_version ADD CONSTRAINT image_version_state_check CHECK ((state = ANY (ARRAY['fetching'::text, 'ready'::text, 'failed'::text])));

ALTER TABLE image_version ADD CONSTRAINT image_version_version_check CHECK ((version > 0));

ALTER TABLE machine_agent_features ADD CONSTRAINT machine_agent_features_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_agent_heartbeat ADD CONSTRAINT machine_agent_heartbeat_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_agent_log_raw_check CHECK ((octet_length(agent_log_raw) <= 65536));

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_line_count_check CHECK (((line_count >= 1) AND (line_count <= 200)));

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_machine_id_run_sequence_key UNIQUE (machine_id, run, sequence);

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_pkey PRIMARY KEY (machine_id, log_number);

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_sequence_check CHECK ((sequence >= 0));

ALTER TABLE machine_agent_started ADD CONSTRAINT machine_agent_started_agent_public_key_check CHECK ((octet_length(agent_public_key) = 32));

ALTER TABLE machine_agent_started ADD CONSTRAINT machine_agent_started_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_boot_by ADD CONSTRAINT machine_boot_by_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_check CHECK ((((failures = 0) = (failed_at IS NULL)) AND ((failures = 0) = (failed_cause IS NULL))));

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_failures_check CHECK ((failures >= 0));

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_ways_check CHECK ((ways <@ ARRAY['medium'::text, 'http'::text]));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_check CHECK ((closes_at > opened_at));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_check1 CHECK ((((token_digest IS NULL) = (given_at IS NULL)) AND ((enrolled_key IS NULL) = (enrolled_at IS NULL))));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_check2 CHECK (((enrolled_at IS NULL) OR (closed_at IS NULL)));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_claimed_keys_check CHECK ((cardinality(claimed_keys) <= 2));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_enrolled_key_check CHECK ((octet_length(enrolled_key) = 32));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_check CHECK ((((way <> 'network'::text) = (medium_digest IS NOT NULL)) AND ((way <> 'network'::text) = (fetchers IS NOT NULL))));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_digest_check CHECK ((octet_length(medium_digest) = 32));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_medium_digest_key UNIQUE (medium_digest);

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_token_digest_check CHECK ((octet_length(token_digest) = 32));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_token_digest_key UNIQUE (token_digest);

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_way_check CHECK ((way = ANY (ARRAY['network'::text, 'medium'::text, 'http'::text])));

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_window_id_key UNIQUE (window_id);

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_check CHECK (((deadline_at IS NULL) OR (unasked IS NULL)));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_check1 CHECK ((((heard_at IS NULL) = (report IS NULL)) AND ((heard_at IS NULL) = (heard_over IS NULL))));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_generation_check CHECK ((generation > 0));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_heard_over_check CHECK ((heard_over = ANY (ARRAY['tls'::text, 'clear'::text])));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_pkey PRIMARY KEY (machine_id, generation);

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_report_sha256_check CHECK ((octet_length(report_sha256) = 32));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_token_sha256_check CHECK ((octet_length(token_sha256) = 32));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_token_sha256_key UNIQUE (token_sha256);

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_unasked_check CHECK ((unasked = ANY (ARRAY['listener'::text, 'agent'::text])));

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_within_seconds_check CHECK ((within_seconds > 0));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_check CHECK (((trusted_by = 'fingerprint'::text) = (trusted_sha256 IS NOT NULL)));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_check1 CHECK (((trusted_by = 'ca'::text) = (trusted_ca_pem IS NOT NULL)));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_check2 CHECK (((trusted_by = 'clear-text'::text) = (url !~ '^https://'::text)));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_protocol_check CHECK ((protocol = ANY (ARRAY['redfish'::text, 'ipmi'::text])));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_trusted_by_check CHECK ((trusted_by = ANY (ARRAY['fingerprint'::text, 'ca'::text, 'system'::text, 'clear-text'::text])));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_trusted_sha256_check CHECK ((octet_length(trusted_sha256) = 32));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_url_check CHECK ((url ~ '^(https?|ipmi)://'::text));

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_url_system_key UNIQUE (url, system);

ALTER TABLE machine_controller_contact ADD CONSTRAINT machine_controller_contact_check CHECK ((((failed_at IS NULL) = (failed_code IS NULL)) AND ((failed_at IS NULL) = (failed_cause IS NULL))));

ALTER TABLE machine_controller_contact ADD CONSTRAINT machine_controller_contact_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_controller_refusal ADD CONSTRAINT machine_controller_refusal_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_controller_refusal ADD CONSTRAINT machine_controller_refusal_times_check CHECK ((times > 0));

ALTER TABLE machine_controller_refusal ADD CONSTRAINT machine_controller_refusal_tried_check CHECK ((octet_length(tried) = 32));

ALTER TABLE machine_controller_wanted ADD CONSTRAINT machine_controller_wanted_check CHECK ((((failed_at IS NULL) = (failed_code IS NULL)) AND ((failed_at IS NULL) = (failed_cause IS NULL))));

ALTER TABLE machine_controller_wanted ADD CONSTRAINT machine_controller_wanted_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_disk_begun ADD CONSTRAINT machine_disk_begun_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_disk_begun ADD CONSTRAINT machine_disk_begun_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_doubted ADD CONSTRAINT machine_doubted_check CHECK (((accepted_at IS NULL) = (accepted_by IS NULL)));

ALTER TABLE machine_doubted ADD CONSTRAINT machine_doubted_doubt_check CHECK ((doubt = ANY (ARRAY['gone'::text, 'changed'::text])));

ALTER TABLE machine_doubted ADD CONSTRAINT machine_doubted_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_found_running ADD CONSTRAINT machine_found_running_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_hardware_report ADD CONSTRAINT machine_hardware_report_hardware_report_fingerprint_check CHECK ((octet_length(hardware_report_fingerprint) = 32));

ALTER TABLE machine_hardware_report ADD CONSTRAINT machine_hardware_report_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_hardware_report_earlier ADD CONSTRAINT machine_hardware_report_earlier_pkey PRIMARY KEY (machine_id, report_number);

ALTER TABLE machine_health ADD CONSTRAINT machine_health_check CHECK (((read_at IS NOT NULL) OR (rollup = 'unknown'::text)));

ALTER TABLE machine_health ADD CONSTRAINT machine_health_events_check CHECK ((jsonb_array_length(events) <= 10));

ALTER TABLE machine_health ADD CONSTRAINT machine_health_failed_check CHECK ((cardinality(failed) <= 40));

ALTER TABLE machine_health ADD CONSTRAINT machine_health_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_health ADD CONSTRAINT machine_health_rollup_check CHECK ((rollup = ANY (ARRAY['ok'::text, 'warning'::text, 'critical'::text, 'unknown'::text])));

ALTER TABLE machine_health ADD CONSTRAINT machine_health_unread_check CHECK ((cardinality(unread) <= 10));

ALTER TABLE machine_installation_profile ADD CONSTRAINT machine_installation_profile_check CHECK (((profile_name IS NULL) = (profile_version IS NULL)));

ALTER TABLE machine_installation_profile ADD CONSTRAINT machine_installation_profile_generation_check CHECK ((generation > 0));

ALTER TABLE machine_installation_profile ADD CONSTRAINT machine_installation_profile_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_mac ADD CONSTRAINT machine_mac_mac_check CHECK ((((mac & '01:00:00:00:00:00'::macaddr) = '00:00:00:00:00:00'::macaddr) AND (mac <> '00:00:00:00:00:00'::macaddr)));

ALTER TABLE machine_mac ADD CONSTRAINT machine_mac_mac_key UNIQUE (mac);

ALTER TABLE machine_mac ADD CONSTRAINT machine_mac_pkey PRIMARY KEY (machine_id, mac);

ALTER TABLE machine_medium_test ADD CONSTRAINT machine_medium_test_failures_check CHECK ((failures >= 0));

ALTER TABLE machine_medium_test ADD CONSTRAINT machine_medium_test_medium_digest_check CHECK ((octet_length(medium_digest) = 32));

ALTER TABLE machine_medium_test ADD CONSTRAINT machine_medium_test_medium_digest_key UNIQUE (medium_digest);

ALTER TABLE machine_medium_test ADD CONSTRAINT machine_medium_test_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_netboot ADD CONSTRAINT machine_netboot_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_network ADD CONSTRAINT machine_network_network_config_check CHECK (((octet_length(network_config) >= 1) AND (octet_length(network_config) <= 65536)));

ALTER TABLE machine_network ADD CONSTRAINT machine_network_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_bytes_done_check CHECK ((bytes_done >= 0));

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_bytes_total_check CHECK ((bytes_total >= 0));

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_phase_check CHECK ((phase = ANY (ARRAY['selecting-disk'::text, 'writing'::text, 'verifying'::text, 'configuring'::text, 'boot-entry'::text, 'rebooting'::text])));

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installation_report ADD CONSTRAINT machine_os_installation_report_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installation_report ADD CONSTRAINT machine_os_installation_report_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installation_report ADD CONSTRAINT machine_os_installation_report_reported_by_check CHECK ((reported_by = ANY (ARRAY['agent'::text, 'operator'::text, 'system'::text])));

ALTER TABLE machine_os_installation_report ADD CONSTRAINT machine_os_installation_report_result_check CHECK ((result = ANY (ARRAY['success'::text, 'error'::text, 'cancelled'::text])));

ALTER TABLE machine_os_installation_request ADD CONSTRAINT machine_os_installation_request_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installation_request ADD CONSTRAINT machine_os_installation_request_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_attempts_check CHECK ((attempts >= 1));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_check CHECK (((attempts_left >= 0) AND (attempts_left <= attempts)));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_check1 CHECK ((maximum_seconds >= initial_seconds));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_exponent_check CHECK ((exponent >= (1)::double precision));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_initial_seconds_check CHECK ((initial_seconds >= 1));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_wait_jittered_seconds_check CHECK ((wait_jittered_seconds >= (1)::double precision));

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_wait_seconds_check CHECK ((wait_seconds >= 1));

ALTER TABLE machine_os_installation_run ADD CONSTRAINT machine_os_installation_run_pkey PRIMARY KEY (machine_id, generation, run);

ALTER TABLE machine_os_installation_writer ADD CONSTRAINT machine_os_installation_writer_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installation_writer ADD CONSTRAINT machine_os_installation_writer_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_os_installed ADD CONSTRAINT machine_os_installed_generation_check CHECK ((generation >= 1));

ALTER TABLE machine_os_installed ADD CONSTRAINT machine_os_installed_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_power ADD CONSTRAINT machine_power_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_power ADD CONSTRAINT machine_power_power_check CHECK ((power = ANY (ARRAY['on'::text, 'off'::text, 'powering-on'::text, 'powering-off'::text, 'unknown'::text])));

ALTER TABLE machine_provided ADD CONSTRAINT machine_provided_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_provided ADD CONSTRAINT machine_provided_provider_check CHECK ((provider ~ '^[a-z][a-z0-9-]{0,31}$'::text));

ALTER TABLE machine_provided ADD CONSTRAINT machine_provided_provider_id_check CHECK ((provider_id <> ''::text));

ALTER TABLE machine_provided ADD CONSTRAINT machine_provided_provider_provider_id_key UNIQUE (provider, provider_id);

ALTER TABLE machine_quarantine ADD CONSTRAINT machine_quarantine_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_quarantine ADD CONSTRAINT machine_quarantine_reason_check CHECK ((reason <> ''::text));

ALTER TABLE machine_rollout_hold ADD CONSTRAINT machine_rollout_hold_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_smbios ADD CONSTRAINT machine_smbios_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_smbios ADD CONSTRAINT machine_smbios_smbios_uuid_check CHECK ((smbios_uuid <> ALL (ARRAY['00000000-0000-0000-0000-000000000000'::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, '03000200-0400-0500-0006-000700080009'::uuid])));

ALTER TABLE machine_smbios ADD CONSTRAINT machine_smbios_smbios_uuid_key UNIQUE (smbios_uuid);

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_check CHECK ((accept_new OR (host_key IS NOT NULL)));

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_host_check CHECK ((host ~ '^[A-Za-z0-9_:][A-Za-z0-9_.:-]{0,252}$'::text));

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_host_key_check CHECK (((host_key ~ '^(ssh-|ecdsa-|SHA256:)'::text) AND (octet_length(host_key) <= 16384)));

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_host_port_key UNIQUE (host, port);

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_port_check CHECK (((port >= 1) AND (port <= 65535)));

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_user_name_check CHECK ((user_name ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$'::text));

ALTER TABLE machine_start ADD CONSTRAINT machine_start_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_start_allowed ADD CONSTRAINT machine_start_allowed_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_start_failure ADD CONSTRAINT machine_start_failure_failures_check CHECK ((failures > 0));

ALTER TABLE machine_start_failure ADD CONSTRAINT machine_start_failure_pkey PRIMARY KEY (machine_id, means);

ALTER TABLE machine_state ADD CONSTRAINT machine_state_installation_check CHECK ((installation = ANY (ARRAY['pending'::text, 'success'::text, 'error'::text, 'cancelled'::text])));

ALTER TABLE machine_state ADD CONSTRAINT machine_state_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_state ADD CONSTRAINT machine_state_state_check CHECK ((state = ANY (ARRAY['new'::text, 'awaiting-agent'::text, 'ready'::text, 'install-pending'::text, 'installing'::text, 'coming-up'::text, 'silent'::text, 'installed'::text, 'install-failed'::text, 'agent-lost'::text, 'starting-agent'::text, 'recovering'::text, 'backing-off'::text, 'quarantined'::text])));

ALTER TABLE machine_state_limit ADD CONSTRAINT machine_state_limit_at_most_check CHECK ((at_most > '00:00:00'::interval));

ALTER TABLE machine_state_limit ADD CONSTRAINT machine_state_limit_pkey PRIMARY KEY (state);

ALTER TABLE machine_takeover_key ADD CONSTRAINT machine_takeover_key_agent_public_key_check CHECK ((octet_length(agent_public_key) = 32));

ALTER TABLE machine_takeover_key ADD CONSTRAINT machine_takeover_key_pkey PRIMARY KEY (machine_id);

ALTER TABLE machine_tombstones ADD CONSTRAINT machine_tombstones_last_generation_check CHECK ((last_generation >= 0));

ALTER TABLE machine_tombstones ADD CONSTRAINT machine_tombstones_pkey PRIMARY KEY (machine_id);

ALTER TABLE machines ADD CONSTRAINT machines_labels_check CHECK ((jsonb_typeof(labels) = 'object'::text));

ALTER TABLE machines ADD CONSTRAINT machines_last_generation_check CHECK ((last_generation >= 0));

ALTER TABLE machines ADD CONSTRAINT machines_name_check CHECK (((name ~ '^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$'::text) AND (name !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'::text)));

ALTER TABLE machines ADD CONSTRAINT machines_name_key UNIQUE (name);

ALTER TABLE machines ADD CONSTRAINT machines_pkey PRIMARY KEY (machine_id);

ALTER TABLE operator_audit ADD CONSTRAINT operator_audit_credential_check CHECK ((credential = ANY (ARRAY['data-directory'::text, 'token'::text, 'certificate'::text])));

ALTER TABLE operator_audit ADD CONSTRAINT operator_audit_pkey PRIMARY KEY (at, id);

ALTER TABLE operator_audit ADD CONSTRAINT operator_audit_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])));

ALTER TABLE operator_command ADD CONSTRAINT operator_command_body_digest_check CHECK ((octet_length(body_digest) = 32));

ALTER TABLE operator_command ADD CONSTRAINT operator_command_pkey PRIMARY KEY (machine_id, request_id);

ALTER TABLE operator_token ADD CONSTRAINT operator_token_check CHECK ((expires_at > created_at));

ALTER TABLE operator_token ADD CONSTRAINT operator_token_check1 CHECK ((((revoked_at IS NULL) = (revoked_by IS NULL)) AND ((revoked_at IS NULL) = (revoked_request_id IS NULL))));

ALTER TABLE operator_token ADD CONSTRAINT operator_token_created_body_digest_check CHECK ((octet_length(created_body_digest) = 32));

ALTER TABLE operator_token ADD CONSTRAINT operator_token_created_request_id_key UNIQUE (created_request_id);

ALTER TABLE operator_token ADD CONSTRAINT operator_token_pkey PRIMARY KEY (token_id);

ALTER TABLE operator_token ADD CONSTRAINT operator_token_revoked_request_id_key UNIQUE (revoked_request_id);

ALTER TABLE operator_token ADD CONSTRAINT operator_token_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text])));

ALTER TABLE operator_token ADD CONSTRAINT operator_token_token_hash_check CHECK ((octet_length(token_hash) = 32));

ALTER TABLE operator_token ADD CONSTRAINT operator_token_token_hash_key UNIQUE (token_hash);

ALTER TABLE operator_token ADD CONSTRAINT operator_token_token_name_check CHECK ((token_name ~ '^[a-z0-9]([a-z0-9._@-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE process ADD CONSTRAINT process_pkey PRIMARY KEY (process);

ALTER TABLE process ADD CONSTRAINT process_process_order_key UNIQUE (process_order);

ALTER TABLE profile ADD CONSTRAINT profile_last_version_check CHECK ((last_version >= 0));

ALTER TABLE profile ADD CONSTRAINT profile_pkey PRIMARY KEY (profile_name);

ALTER TABLE profile ADD CONSTRAINT profile_profile_name_check CHECK ((profile_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE profile_version ADD CONSTRAINT profile_version_pkey PRIMARY KEY (profile_name, version);

ALTER TABLE profile_version ADD CONSTRAINT profile_version_sealed_spec_check CHECK ((sealed_key(sealed_spec) IS NOT NULL));

ALTER TABLE profile_version ADD CONSTRAINT profile_version_version_check CHECK ((version > 0));

ALTER TABLE provider ADD CONSTRAINT provider_check CHECK (((unreachable_since IS NULL) = (unreachable_cause IS NULL)));

ALTER TABLE provider ADD CONSTRAINT provider_held_check CHECK (((held_since IS NULL) = (held_cause IS NULL)));

ALTER TABLE provider ADD CONSTRAINT provider_pkey PRIMARY KEY (provider);

ALTER TABLE provider ADD CONSTRAINT provider_provider_check CHECK ((provider ~ '^[a-z][a-z0-9-]{0,31}$'::text));

ALTER TABLE provider ADD CONSTRAINT provider_settings_digest_check CHECK ((octet_length(settings_digest) = 32));

ALTER TABLE retention ADD CONSTRAINT retention_history_months_check CHECK ((history_months >= 1));

ALTER TABLE retention ADD CONSTRAINT retention_only_row_check CHECK (only_row);

ALTER TABLE retention ADD CONSTRAINT retention_pkey PRIMARY KEY (only_row);

ALTER TABLE rollout ADD CONSTRAINT rollout_check CHECK (((stop_after IS NULL) OR (stop_after_percent IS NULL)));

ALTER TABLE rollout ADD CONSTRAINT rollout_check1 CHECK ((((window_from IS NULL) = (window_to IS NULL)) AND ((window_from IS NULL) = (time_zone IS NULL))));

ALTER TABLE rollout ADD CONSTRAINT rollout_parallel_check CHECK ((parallel > 0));

ALTER TABLE rollout ADD CONSTRAINT rollout_pkey PRIMARY KEY (rollout_number);

ALTER TABLE rollout ADD CONSTRAINT rollout_rollout_name_check CHECK ((rollout_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE rollout ADD CONSTRAINT rollout_rollout_name_key UNIQUE (rollout_name);

ALTER TABLE rollout ADD CONSTRAINT rollout_sealed_values_check CHECK ((sealed_key(sealed_values) IS NOT NULL));

ALTER TABLE rollout ADD CONSTRAINT rollout_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'running'::text, 'paused'::text, 'stopped'::text, 'cancelled'::text, 'done'::text])));

ALTER TABLE rollout ADD CONSTRAINT rollout_stop_after_check CHECK ((stop_after > 0));

ALTER TABLE rollout ADD CONSTRAINT rollout_stop_after_percent_check CHECK (((stop_after_percent >= 1) AND (stop_after_percent <= 100)));

ALTER TABLE rollout ADD CONSTRAINT rollout_waves_check CHECK ((cardinality(waves) > 0));

ALTER TABLE rollout ADD CONSTRAINT rollout_window_from_check CHECK (((window_from >= 0) AND (window_from <= 1439)));

ALTER TABLE rollout ADD CONSTRAINT rollout_window_to_check CHECK (((window_to >= 0) AND (window_to <= 1439)));

ALTER TABLE rollout_count ADD CONSTRAINT rollout_count_pkey PRIMARY KEY (rollout_number, wave, state, removal);

ALTER TABLE rollout_event ADD CONSTRAINT rollout_event_pkey PRIMARY KEY (rollout_number, event_number);

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_pkey PRIMARY KEY (machine_id, rollout_number);

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_position_check CHECK (("position" > 0));

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'waiting'::text, 'requested'::text, 'good'::text, 'failed'::text, 'left_out'::text, 'cancelled'::text])));

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_wave_check CHECK ((wave > 0));

ALTER TABLE schema_migrations ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE secrets_command ADD CONSTRAINT secrets_command_body_digest_check CHECK ((octet_length(body_digest) = 32));

ALTER TABLE secrets_command ADD CONSTRAINT secrets_command_pkey PRIMARY KEY (request_id);

ALTER TABLE secrets_key ADD CONSTRAINT secrets_key_check_value_check CHECK ((octet_length(check_value) = 32));

ALTER TABLE secrets_key ADD CONSTRAINT secrets_key_key_id_check CHECK ((key_id ~ '^[0-9a-f]{16}$'::text));

ALTER TABLE secrets_key ADD CONSTRAINT secrets_key_pkey PRIMARY KEY (key_id);

ALTER TABLE secrets_key ADD CONSTRAINT secrets_key_state_check CHECK ((state = ANY (ARRAY['next'::text, 'current'::text, 'old'::text, 'retired'::text, 'lost'::text])));

ALTER TABLE session_provider ADD CONSTRAINT session_provider_pkey PRIMARY KEY (session_id, provider);

ALTER TABLE session_provider ADD CONSTRAINT session_provider_provider_check CHECK ((provider ~ '^[a-z][a-z0-9-]{0,31}$'::text));

ALTER TABLE session_provider ADD CONSTRAINT session_provider_settings_digest_check CHECK ((octet_length(settings_digest) = 32));

ALTER TABLE session_providers_file ADD CONSTRAINT session_providers_file_check CHECK (((problem IS NULL) = (problem_since IS NULL)));

ALTER TABLE session_providers_file ADD CONSTRAINT session_providers_file_pkey PRIMARY KEY (session_id);

ALTER TABLE session_secrets_key ADD CONSTRAINT session_secrets_key_pkey PRIMARY KEY (session_id);

ALTER TABLE sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (session_id);

ALTER TABLE sessions ADD CONSTRAINT sessions_session_component_check CHECK ((session_component ~ '^[a-z][a-z0-9-]{0,31}$'::text));

ALTER TABLE sessions ADD CONSTRAINT sessions_session_interval_seconds_check CHECK (((session_interval_seconds >= 1) AND (session_interval_seconds <= 3600)));

ALTER TABLE shared_mac ADD CONSTRAINT shared_mac_pkey PRIMARY KEY (mac);

ALTER TABLE shared_smbios ADD CONSTRAINT shared_smbios_pkey PRIMARY KEY (smbios_uuid);

ALTER TABLE webhook ADD CONSTRAINT webhook_delivered_check CHECK ((delivered >= 0));

ALTER TABLE webhook ADD CONSTRAINT webhook_pkey PRIMARY KEY (webhook_id);

ALTER TABLE webhook ADD CONSTRAINT webhook_sealed_target_check CHECK ((sealed_key(sealed_target) IS NOT NULL));

ALTER TABLE webhook ADD CONSTRAINT webhook_webhook_name_check CHECK ((webhook_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'::text));

ALTER TABLE webhook ADD CONSTRAINT webhook_webhook_name_key UNIQUE (webhook_name);

ALTER TABLE webhook_dead_letter ADD CONSTRAINT webhook_dead_letter_pkey PRIMARY KEY (webhook_id, event_id);

ALTER TABLE webhook_delivery ADD CONSTRAINT webhook_delivery_pkey PRIMARY KEY (webhook_id, machine_id, event_id);

ALTER TABLE webhook_line ADD CONSTRAINT webhook_line_attempts_check CHECK ((attempts >= 0));

ALTER TABLE webhook_line ADD CONSTRAINT webhook_line_pkey PRIMARY KEY (webhook_id, machine_id);

ALTER TABLE work ADD CONSTRAINT work_pkey PRIMARY KEY (machine_id, process);

ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_last_interval_seconds_check CHECK ((last_interval_seconds >= 1));

ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_pkey PRIMARY KEY (machine_id, process);

-- Foreign keys

ALTER TABLE cache_file ADD CONSTRAINT cache_file_store_id_fkey FOREIGN KEY (store_id) REFERENCES cache_store(store_id) ON DELETE CASCADE;

ALTER TABLE console_link ADD CONSTRAINT console_link_token_id_fkey FOREIGN KEY (token_id) REFERENCES operator_token(token_id);

ALTER TABLE console_session ADD CONSTRAINT console_session_token_id_fkey FOREIGN KEY (token_id) REFERENCES operator_token(token_id);

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE image_tag ADD CONSTRAINT image_tag_image_name_version_fkey FOREIGN KEY (image_name, version) REFERENCES image_version(image_name, version) ON DELETE CASCADE;

ALTER TABLE image_version ADD CONSTRAINT image_version_image_name_fkey FOREIGN KEY (image_name) REFERENCES catalogue_image(image_name) ON DELETE CASCADE;

ALTER TABLE image_version ADD CONSTRAINT image_version_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE machine_agent_features ADD CONSTRAINT machine_agent_features_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_agent_heartbeat ADD CONSTRAINT machine_agent_heartbeat_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_agent_log ADD CONSTRAINT machine_agent_log_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_agent_started ADD CONSTRAINT machine_agent_started_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_boot_by ADD CONSTRAINT machine_boot_by_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machine_controller(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_boot_override ADD CONSTRAINT machine_boot_override_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE machine_boot_window ADD CONSTRAINT machine_boot_window_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_came_up ADD CONSTRAINT machine_came_up_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credential(credential_id) ON DELETE RESTRICT;

ALTER TABLE machine_controller ADD CONSTRAINT machine_controller_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_controller_contact ADD CONSTRAINT machine_controller_contact_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_controller_refusal ADD CONSTRAINT machine_controller_refusal_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_controller_wanted ADD CONSTRAINT machine_controller_wanted_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_disk_begun ADD CONSTRAINT machine_disk_begun_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_doubted ADD CONSTRAINT machine_doubted_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_found_running ADD CONSTRAINT machine_found_running_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_hardware_report ADD CONSTRAINT machine_hardware_report_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_hardware_report_earlier ADD CONSTRAINT machine_hardware_report_earlier_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_health ADD CONSTRAINT machine_health_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_installation_profile ADD CONSTRAINT machine_installation_profile_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_mac ADD CONSTRAINT machine_mac_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_medium_test ADD CONSTRAINT machine_medium_test_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machine_controller(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_netboot ADD CONSTRAINT machine_netboot_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_network ADD CONSTRAINT machine_network_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_os_installation_progress ADD CONSTRAINT machine_os_installation_progress_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installation_report ADD CONSTRAINT machine_os_installation_report_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installation_request ADD CONSTRAINT machine_os_installation_request_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installation_retry ADD CONSTRAINT machine_os_installation_retry_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installation_run ADD CONSTRAINT machine_os_installation_run_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installation_writer ADD CONSTRAINT machine_os_installation_writer_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_os_installed ADD CONSTRAINT machine_os_installed_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_power ADD CONSTRAINT machine_power_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_provided ADD CONSTRAINT machine_provided_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_quarantine ADD CONSTRAINT machine_quarantine_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_rollout_hold ADD CONSTRAINT machine_rollout_hold_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_rollout_hold ADD CONSTRAINT machine_rollout_hold_rollout_number_fkey FOREIGN KEY (rollout_number) REFERENCES rollout(rollout_number) ON DELETE CASCADE;

ALTER TABLE machine_smbios ADD CONSTRAINT machine_smbios_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES credential(credential_id) ON DELETE RESTRICT;

ALTER TABLE machine_ssh ADD CONSTRAINT machine_ssh_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_start ADD CONSTRAINT machine_start_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_start_allowed ADD CONSTRAINT machine_start_allowed_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_start_failure ADD CONSTRAINT machine_start_failure_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_state ADD CONSTRAINT machine_state_candidate_fkey FOREIGN KEY (candidate) REFERENCES process(process);

ALTER TABLE machine_state ADD CONSTRAINT machine_state_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE machine_takeover_key ADD CONSTRAINT machine_takeover_key_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE profile_version ADD CONSTRAINT profile_version_profile_name_fkey FOREIGN KEY (profile_name) REFERENCES profile(profile_name) ON DELETE CASCADE;

ALTER TABLE provider ADD CONSTRAINT provider_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE rollout ADD CONSTRAINT rollout_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE rollout_event ADD CONSTRAINT rollout_event_rollout_number_fkey FOREIGN KEY (rollout_number) REFERENCES rollout(rollout_number) ON DELETE CASCADE;

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE CASCADE;

ALTER TABLE rollout_machine ADD CONSTRAINT rollout_machine_rollout_number_fkey FOREIGN KEY (rollout_number) REFERENCES rollout(rollout_number) ON DELETE CASCADE;

ALTER TABLE session_provider ADD CONSTRAINT session_provider_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE CASCADE;

ALTER TABLE session_providers_file ADD CONSTRAINT session_providers_file_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE CASCADE;

ALTER TABLE session_secrets_key ADD CONSTRAINT session_secrets_key_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE CASCADE;

ALTER TABLE webhook ADD CONSTRAINT webhook_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE SET NULL;

ALTER TABLE work ADD CONSTRAINT work_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE work ADD CONSTRAINT work_process_fkey FOREIGN KEY (process) REFERENCES process(process);

ALTER TABLE work ADD CONSTRAINT work_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(session_id) ON DELETE CASCADE;

ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_machine_id_fkey FOREIGN KEY (machine_id) REFERENCES machines(machine_id) ON DELETE RESTRICT;

ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_process_fkey FOREIGN KEY (process) REFERENCES process(process);

-- Indexes

CREATE INDEX cache_file_store ON public.cache_file USING btree (store_id);

CREATE INDEX console_link_expires ON public.console_link USING btree (expires_at);

CREATE INDEX console_session_expires ON public.console_session USING btree (expires_at);

CREATE INDEX controller_operation_ended ON public.controller_operation USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX controller_operation_key ON public.controller_operation USING btree (sealed_key(sealed_password)) WHERE (sealed_password IS NOT NULL);

CREATE INDEX controller_operation_machine ON public.controller_operation USING btree (machine_id) WHERE (machine_id IS NOT NULL);

CREATE INDEX controller_operation_open ON public.controller_operation USING btree (asked_at) WHERE (ended_at IS NULL);

CREATE INDEX controller_operation_session ON public.controller_operation USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX credential_key ON public.credential USING btree (sealed_key(sealed_secret));

CREATE INDEX credential_next_key ON public.credential USING btree (sealed_key(sealed_next_secret)) WHERE (sealed_next_secret IS NOT NULL);

CREATE INDEX enrollment_claim_seen ON public.enrollment_claim USING btree (last_seen_at);

CREATE INDEX history_machine ON ONLY public.history USING btree (machine_id, at, id);

CREATE INDEX history_machine_generation ON ONLY public.history USING btree (machine_id, generation, event) WHERE (generation IS NOT NULL);

CREATE INDEX history_order ON ONLY public.history USING btree (xact, id);

CREATE INDEX image_tag_version ON public.image_tag USING btree (image_name, version);

CREATE INDEX image_version_digest ON public.image_version USING btree (digest);

CREATE INDEX image_version_fetching ON public.image_version USING btree (not_before) WHERE (state = 'fetching'::text);

CREATE INDEX image_version_key ON public.image_version USING btree (sealed_key(sealed_source));

CREATE INDEX image_version_session ON public.image_version USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX machine_agent_heartbeat_bucket ON public.machine_agent_heartbeat USING btree (heartbeat_bucket) WHERE agent_wanted;

CREATE INDEX machine_agent_started_key ON public.machine_agent_started USING btree (agent_public_key);

CREATE INDEX machine_boot_override_clear ON public.machine_boot_override USING btree (clear_at);

CREATE INDEX machine_boot_override_session ON public.machine_boot_override USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX machine_boot_window_closes ON public.machine_boot_window USING btree (closes_at);

CREATE INDEX machine_came_up_due ON public.machine_came_up USING btree (deadline_at) WHERE ((deadline_at IS NOT NULL) AND (silent_at IS NULL) AND (heard_at IS NULL));

CREATE INDEX machine_controller_credential ON public.machine_controller USING btree (credential_id);

CREATE INDEX machine_controller_contact_failed ON public.machine_controller_contact USING btree (failed_code) WHERE (failed_at IS NOT NULL);

CREATE INDEX machine_controller_contact_look ON public.machine_controller_contact USING btree (look_at);

CREATE INDEX machine_controller_wanted_try ON public.machine_controller_wanted USING btree (try_at) WHERE (done_at IS NULL);

CREATE INDEX machine_doubted_provider ON public.machine_doubted USING btree (provider);

CREATE INDEX machine_health_bad ON public.machine_health USING btree (rollup) WHERE (rollup = ANY (ARRAY['warning'::text, 'critical'::text]));

CREATE INDEX machine_installation_profile_image ON public.machine_installation_profile USING btree (image_name, image_version);

CREATE INDEX machine_os_installation_report_finished ON public.machine_os_installation_report USING btree (result, reported_at, machine_id);

CREATE INDEX installation_request_digest ON public.machine_os_installation_request USING btree (digest);

CREATE INDEX installation_request_key ON public.machine_os_installation_request USING btree (sealed_key(os_installation_request_raw));

CREATE INDEX machine_os_installation_retry_due ON public.machine_os_installation_retry USING btree (not_before) WHERE (not_before IS NOT NULL);

CREATE INDEX machine_provided_id ON public.machine_provided USING btree (provider_id COLLATE "C");

CREATE INDEX machine_provided_location ON public.machine_provided USING btree (provider_location) WHERE (provider_location IS NOT NULL);

CREATE INDEX machine_rollout_hold_rollout ON public.machine_rollout_hold USING btree (rollout_number);

CREATE INDEX machine_ssh_credential ON public.machine_ssh USING btree (credential_id);

CREATE INDEX machine_state_awaiting ON public.machine_state USING btree (since) WHERE (state = 'awaiting-agent'::text);

CREATE INDEX machine_state_by_created ON public.machine_state USING btree (state, machine_created_at, machine_id);

CREATE INDEX machine_state_by_name ON public.machine_state USING btree (state, name, machine_id);

CREATE INDEX machine_state_by_since ON public.machine_state USING btree (state, since, machine_id);

CREATE INDEX machine_state_candidate ON public.machine_state USING btree (candidate, provider, machine_id) WHERE (candidate IS NOT NULL);

CREATE INDEX machine_state_changed ON public.machine_state USING btree (changed_xact, machine_id);

CREATE INDEX machine_state_due ON public.machine_state USING btree (state, since) WHERE (deadline_missed_at IS NULL);

CREATE INDEX machine_state_installation ON public.machine_state USING btree (installation, requested_at, machine_id) WHERE (installation IS NOT NULL);

CREATE INDEX machine_state_missed ON public.machine_state USING btree (deadline_missed_at) WHERE (deadline_missed_at IS NOT NULL);

CREATE INDEX machine_state_not_before ON public.machine_state USING btree (not_before) WHERE (not_before IS NOT NULL);

CREATE INDEX machine_state_provider ON public.machine_state USING btree (provider_state, machine_id);

CREATE INDEX machine_state_provider_by_created ON public.machine_state USING btree (provider_state, machine_created_at, machine_id);

CREATE INDEX machine_state_provider_by_name ON public.machine_state USING btree (provider_state, name, machine_id);

CREATE INDEX machine_state_provider_by_since ON public.machine_state USING btree (provider_state, since, machine_id);

CREATE INDEX machine_state_state ON public.machine_state USING btree (state, machine_id);

CREATE INDEX machine_tombstones_deleted ON public.machine_tombstones USING btree (deleted_xact, machine_id);

CREATE INDEX machines_label_values ON public.machines USING gin (jsonb_path_query_array(labels, '$.*'::jsonpath) jsonb_path_ops);

CREATE INDEX machines_labels ON public.machines USING gin (labels jsonb_path_ops);

CREATE INDEX operator_audit_actor ON public.operator_audit USING btree (actor, at, id);

CREATE INDEX operator_audit_machine ON public.operator_audit USING btree (machine_id, at, id) WHERE (machine_id IS NOT NULL);

CREATE INDEX operator_audit_method ON public.operator_audit USING btree (method, at, id);

CREATE INDEX operator_audit_refused ON public.operator_audit USING btree (at, id) WHERE (code <> 'ok'::text);

CREATE INDEX operator_command_age ON public.operator_command USING btree (carried_out_at);

CREATE UNIQUE INDEX operator_token_name ON public.operator_token USING btree (token_name) WHERE (revoked_at IS NULL);

CREATE INDEX profile_version_image ON public.profile_version USING btree (image_name);

CREATE INDEX profile_version_key ON public.profile_version USING btree (sealed_key(sealed_spec));

CREATE INDEX rollout_active ON public.rollout USING btree (rollout_number) WHERE ((started_at IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX rollout_key ON public.rollout USING btree (sealed_key(sealed_values));

CREATE INDEX rollout_session ON public.rollout USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX rollout_machine_position ON public.rollout_machine USING btree (rollout_number, "position");

CREATE INDEX rollout_machine_state ON public.rollout_machine USING btree (rollout_number, state, "position");

CREATE INDEX secrets_command_age ON public.secrets_command USING btree (carried_out_at);

CREATE UNIQUE INDEX secrets_key_one ON public.secrets_key USING btree (state) WHERE (state = ANY (ARRAY['next'::text, 'current'::text]));

CREATE INDEX sessions_component ON public.sessions USING btree (session_component, session_created_at);

CREATE INDEX webhook_key ON public.webhook USING btree (sealed_key(sealed_target));

CREATE INDEX webhook_session ON public.webhook USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE INDEX webhook_dead_letter_died ON public.webhook_dead_letter USING btree (died_at);

CREATE INDEX webhook_delivery_queued ON public.webhook_delivery USING btree (webhook_id, queued_at);

CREATE INDEX webhook_line_due ON public.webhook_line USING btree (webhook_id, not_before);

CREATE INDEX work_process ON public.work USING btree (process, machine_id);

CREATE INDEX work_session ON public.work USING btree (session_id);

CREATE INDEX work_backoff_process ON public.work_backoff USING btree (process, machine_id);

CREATE INDEX work_backoff_until ON public.work_backoff USING btree (backoff_until);

-- Triggers

CREATE TRIGGER controller_operation_notify AFTER INSERT ON public.controller_operation FOR EACH ROW EXECUTE FUNCTION controller_operation_notify();

CREATE TRIGGER controller_operation_notify_end AFTER UPDATE ON public.controller_operation FOR EACH ROW WHEN (((new.ended_at IS NOT NULL) AND (old.ended_at IS NULL))) EXECUTE FUNCTION controller_operation_notify();

CREATE TRIGGER history_guard BEFORE DELETE OR UPDATE ON public.history FOR EACH ROW EXECUTE FUNCTION history_guard();

CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON public.history FOR EACH STATEMENT EXECUTE FUNCTION history_guard();

CREATE TRIGGER history_truncate_guard BEFORE TRUNCATE ON public.history_default FOR EACH STATEMENT EXECUTE FUNCTION history_guard();

CREATE TRIGGER history_event_check AFTER INSERT OR DELETE OR UPDATE ON public.history_event FOR EACH STATEMENT EXECUTE FUNCTION history_event_check();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_agent_features FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_change_touch_duplicate AFTER UPDATE ON public.machine_agent_heartbeat FOR EACH ROW WHEN ((new.duplicate_at > (COALESCE(old.duplicate_at, '-infinity'::timestamp with time zone) + '00:01:00'::interval))) EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON public.machine_agent_heartbeat FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_touch_after_silence AFTER UPDATE ON public.machine_agent_heartbeat FOR EACH ROW WHEN ((new.heartbeat_bucket > (old.heartbeat_bucket + 1))) EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_unheard AFTER INSERT ON public.machine_agent_heartbeat FOR EACH ROW EXECUTE FUNCTION machine_state_unheard();

CREATE TRIGGER machine_state_unheard_after_silence AFTER UPDATE ON public.machine_agent_heartbeat FOR EACH ROW WHEN ((new.heartbeat_bucket > (old.heartbeat_bucket + 1))) EXECUTE FUNCTION machine_state_unheard();

CREATE TRIGGER agent_notify AFTER DELETE OR UPDATE ON public.machine_agent_started FOR EACH ROW EXECUTE FUNCTION agent_notify();

CREATE TRIGGER agent_unheard AFTER INSERT OR UPDATE ON public.machine_agent_started FOR EACH ROW EXECUTE FUNCTION machine_state_unheard();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_agent_started FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_unheard AFTER INSERT OR UPDATE ON public.machine_agent_started FOR EACH ROW EXECUTE FUNCTION machine_state_started();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_boot_window FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_state_touch AFTER DELETE OR UPDATE ON public.machine_came_up FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_controller FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_start_allow AFTER INSERT ON public.machine_disk_begun FOR EACH ROW EXECUTE FUNCTION machine_start_allow();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_hardware_report FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_change_touch AFTER INSERT ON public.machine_health FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_change_touch_update AFTER UPDATE ON public.machine_health FOR EACH ROW WHEN (((new.rollup <> old.rollup) OR (new.failed <> old.failed))) EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_identity_touch AFTER INSERT OR DELETE ON public.machine_mac FOR EACH ROW EXECUTE FUNCTION machine_identity_touch();

CREATE TRIGGER machine_change_touch AFTER UPDATE ON public.machine_os_installation_progress FOR EACH ROW WHEN (((new.phase <> old.phase) OR (new.run <> old.run) OR (new.last_error <> old.last_error))) EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON public.machine_os_installation_progress FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_touch_generation AFTER UPDATE ON public.machine_os_installation_progress FOR EACH ROW WHEN ((new.generation <> old.generation)) EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER agent_notify AFTER INSERT OR UPDATE ON public.machine_os_installation_report FOR EACH ROW EXECUTE FUNCTION agent_notify();

CREATE TRIGGER installation_report_guard BEFORE UPDATE ON public.machine_os_installation_report FOR EACH ROW EXECUTE FUNCTION installation_report_guard();

CREATE TRIGGER installation_retry_arm AFTER INSERT OR UPDATE ON public.machine_os_installation_report FOR EACH ROW EXECUTE FUNCTION installation_retry_arm();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_os_installation_report FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER agent_notify AFTER INSERT OR DELETE OR UPDATE OF generation ON public.machine_os_installation_request FOR EACH ROW EXECUTE FUNCTION agent_notify();

CREATE TRIGGER installation_request_guard BEFORE INSERT OR UPDATE ON public.machine_os_installation_request FOR EACH ROW EXECUTE FUNCTION installation_request_guard();

CREATE CONSTRAINT TRIGGER installation_request_in_history AFTER INSERT OR UPDATE OF generation ON public.machine_os_installation_request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION installation_request_in_history();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE OF generation, requested_at ON public.machine_os_installation_request FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_os_installation_retry FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER agent_notify AFTER UPDATE ON public.machine_os_installation_writer FOR EACH ROW WHEN ((new.run <> old.run)) EXECUTE FUNCTION agent_notify();

CREATE TRIGGER machine_change_touch AFTER UPDATE ON public.machine_os_installation_writer FOR EACH ROW WHEN (((new.run <> old.run) OR (new.rival_run IS DISTINCT FROM old.rival_run) OR (new.rival_at > (old.rival_at + '00:01:00'::interval)))) EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_came_up_begin AFTER INSERT OR DELETE OR UPDATE ON public.machine_os_installed FOR EACH ROW EXECUTE FUNCTION machine_came_up_begin();

CREATE TRIGGER machine_installed_boot AFTER INSERT OR UPDATE ON public.machine_os_installed FOR EACH ROW EXECUTE FUNCTION machine_installed_boot();

CREATE TRIGGER machine_start_allow AFTER INSERT ON public.machine_os_installed FOR EACH ROW EXECUTE FUNCTION machine_start_allow();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_os_installed FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_change_touch AFTER UPDATE ON public.machine_power FOR EACH ROW WHEN ((new.power <> old.power)) EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_provided FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_quarantine FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_identity_touch AFTER INSERT OR DELETE OR UPDATE ON public.machine_smbios FOR EACH ROW EXECUTE FUNCTION machine_identity_touch();

CREATE TRIGGER machine_change_touch AFTER INSERT OR UPDATE ON public.machine_ssh FOR EACH ROW EXECUTE FUNCTION machine_change_touch();

CREATE TRIGGER machine_notify AFTER INSERT OR DELETE OR UPDATE ON public.machine_state FOR EACH STATEMENT EXECUTE FUNCTION machine_notify();

CREATE TRIGGER machine_state_touch AFTER INSERT ON public.machines FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_touch_name AFTER UPDATE ON public.machines FOR EACH ROW WHEN (((new.name IS DISTINCT FROM old.name) OR (new.labels IS DISTINCT FROM old.labels))) EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machines_guard BEFORE INSERT OR DELETE OR UPDATE ON public.machines FOR EACH ROW EXECUTE FUNCTION machines_guard();

CREATE TRIGGER operator_audit_guard BEFORE DELETE OR UPDATE ON public.operator_audit FOR EACH ROW EXECUTE FUNCTION operator_audit_guard();

CREATE TRIGGER operator_audit_truncate_guard BEFORE TRUNCATE ON public.operator_audit FOR EACH STATEMENT EXECUTE FUNCTION operator_audit_guard();

CREATE TRIGGER operator_token_guard BEFORE DELETE OR UPDATE ON public.operator_token FOR EACH ROW EXECUTE FUNCTION operator_token_guard();

CREATE TRIGGER rollout_count_end AFTER DELETE ON public.rollout FOR EACH ROW EXECUTE FUNCTION rollout_count_end();

CREATE TRIGGER rollout_count_delete AFTER DELETE ON public.rollout_machine REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();

CREATE TRIGGER rollout_count_insert AFTER INSERT ON public.rollout_machine REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();

CREATE TRIGGER rollout_count_update AFTER UPDATE ON public.rollout_machine REFERENCING OLD TABLE AS gone NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION rollout_count_keep();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE ON public.work FOR EACH ROW EXECUTE FUNCTION machine_state_touch();

CREATE TRIGGER machine_state_touch AFTER INSERT OR DELETE OR UPDATE ON public.work_backoff FOR EACH ROW EXECUTE FUNCTION machine_state_touch();
