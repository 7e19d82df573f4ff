-- oldest-binary: 25

-- A named image. Its versions are numbered from 1; while it has any, no number is given twice.
CREATE TABLE catalogue_image (
    image_name text PRIMARY KEY CHECK (image_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    last_version integer NOT NULL DEFAULT 0 CHECK (last_version >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

-- One version of an image: where it comes from, and what was learned of it when a server fetched it.
CREATE TABLE image_version (
    image_name text NOT NULL REFERENCES catalogue_image (image_name) ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    -- fetching: a server fetches it, or will. ready: its facts are known. failed: it was given up, or it can't be installed.
    state text NOT NULL DEFAULT 'fetching' CHECK (state IN ('fetching', 'ready', 'failed')),
    -- The source with its secrets: URL, certificates, signature.
    sealed_source bytea NOT NULL CHECK (sealed_key(sealed_source) IS NOT NULL),
    -- The URL without user, password and query.
    shown_url text NOT NULL,
    -- The digest that was given; NULL = what is fetched at first counts.
    asked_digest text CHECK (asked_digest ~ '^sha256:[0-9a-f]{64}$'),
    digest text CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    signed boolean NOT NULL,
    -- The bytes are kept in the cache.
    cached boolean NOT NULL,
    -- What was learned of the image, as JSON.
    facts jsonb,
    -- The session that fetches it; a lost session's work goes to the next.
    session_id uuid REFERENCES sessions (session_id) ON DELETE SET NULL,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    phase text,
    bytes_done bigint NOT NULL DEFAULT 0 CHECK (bytes_done >= 0),
    bytes_total bigint NOT NULL DEFAULT 0 CHECK (bytes_total >= 0),
    progress_at timestamptz,
    -- Why it failed, or why the last try did.
    failure_code text,
    failure text,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    ready_at timestamptz,
    PRIMARY KEY (image_name, version),
    CHECK (state <> 'ready' OR (digest IS NOT NULL AND facts IS NOT NULL AND ready_at IS NOT NULL)),
    CHECK (state = 'fetching' OR session_id IS NULL)
);
CREATE INDEX image_version_fetching ON image_version (not_before) WHERE state = 'fetching';
CREATE INDEX image_version_session ON image_version (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX image_version_key ON image_version (sealed_key(sealed_source));
CREATE INDEX image_version_digest ON image_version (digest);

-- Names for versions: latest is set to each version that becomes ready, others by operators.
CREATE TABLE image_tag (
    image_name text NOT NULL,
    tag text NOT NULL CHECK (tag ~ '^[a-z]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    version integer NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    PRIMARY KEY (image_name, tag),
    FOREIGN KEY (image_name, version) REFERENCES image_version (image_name, version) ON DELETE CASCADE
);
CREATE INDEX image_tag_version ON image_tag (image_name, version);

-- A versioned way to install an image.
CREATE TABLE profile (
    profile_name text PRIMARY KEY CHECK (profile_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    last_version integer NOT NULL DEFAULT 0 CHECK (last_version >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

CREATE TABLE profile_version (
    profile_name text NOT NULL REFERENCES profile (profile_name) ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    -- The serialised ProfileSpec: its templates may have secrets in them.
    sealed_spec bytea NOT NULL CHECK (sealed_key(sealed_spec) IS NOT NULL),
    -- NAME, NAME@VERSION or NAME@TAG.
    image text NOT NULL,
    image_name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL,
    PRIMARY KEY (profile_name, version)
);
CREATE INDEX profile_version_key ON profile_version (sealed_key(sealed_spec));
CREATE INDEX profile_version_image ON profile_version (image_name);

-- By which profile and image of the catalogue the machine's newest request was made. The rendered bytes are in the request.
CREATE TABLE machine_installation_profile (
    machine_id uuid PRIMARY KEY REFERENCES machines (machine_id) ON DELETE CASCADE,
    generation bigint NOT NULL CHECK (generation > 0),
    profile_name text,
    profile_version integer,
    image_name text NOT NULL,
    image_version integer NOT NULL,
    CHECK ((profile_name IS NULL) = (profile_version IS NULL))
);
CREATE INDEX machine_installation_profile_image ON machine_installation_profile (image_name, image_version);
