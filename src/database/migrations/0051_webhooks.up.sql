-- oldest-binary: 25

-- Readers of events follow history in the order of transactions.
CREATE INDEX history_order ON history (xact, id);

-- Where events go.
CREATE TABLE webhook (
    webhook_id uuid PRIMARY KEY,
    webhook_name text NOT NULL UNIQUE CHECK (webhook_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    -- The URL without user, password and query.
    shown_url text NOT NULL,
    -- The URL, the key of the signatures and further certificates, as JSON.
    sealed_target bytea NOT NULL CHECK (sealed_key(sealed_target) IS NOT NULL),
    -- Kinds of events, which may end with *; empty = all.
    events text[] NOT NULL,
    private_allowed boolean NOT NULL,
    -- Entries of history up to here are in webhook_delivery, or are not wanted.
    read_xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    read_id bigint NOT NULL DEFAULT 0,
    -- The session that delivers; a lost session's work goes to the next.
    session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    delivered bigint NOT NULL DEFAULT 0 CHECK (delivered >= 0),
    delivered_at timestamptz,
    -- The last failure, of whatever event.
    failure text,
    failed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);
CREATE INDEX webhook_session ON webhook (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX webhook_key ON webhook (sealed_key(sealed_target));

-- A machine's events that wait: they go out one after the other. No foreign key to machines: the deletion is an event too.
CREATE TABLE webhook_line (
    webhook_id uuid NOT NULL REFERENCES webhook (webhook_id) ON DELETE CASCADE,
    machine_id uuid NOT NULL,
    not_before timestamptz NOT NULL DEFAULT now(),
    -- Tries of the first of them.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Why the last try failed.
    failure text,
    -- The receiver was not reached: the line is tried again as soon as it is.
    unreachable boolean NOT NULL DEFAULT false,
    PRIMARY KEY (webhook_id, machine_id)
);
CREATE INDEX webhook_line_due ON webhook_line (webhook_id, not_before);

CREATE TABLE webhook_delivery (
    webhook_id uuid NOT NULL REFERENCES webhook (webhook_id) ON DELETE CASCADE,
    machine_id uuid NOT NULL,
    -- The entry of history.
    event_id bigint NOT NULL,
    event_at timestamptz NOT NULL,
    queued_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (webhook_id, machine_id, event_id)
);

-- Events that were given up.
CREATE TABLE webhook_dead_letter (
    webhook_id uuid NOT NULL REFERENCES webhook (webhook_id) ON DELETE CASCADE,
    event_id bigint NOT NULL,
    event_at timestamptz NOT NULL,
    machine_id uuid NOT NULL,
    event text NOT NULL,
    attempts integer NOT NULL,
    failure text NOT NULL,
    died_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_dead_letter_died ON webhook_dead_letter (died_at);
