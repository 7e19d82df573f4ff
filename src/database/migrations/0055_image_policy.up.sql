-- An older binary would not keep the policy.
-- oldest-binary: 55

-- The image policy: what every image must keep, as admins have set it. All rules count.
CREATE TABLE image_rule (
    rule_name text PRIMARY KEY CHECK (rule_name ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
    -- sources: images come from one of them. keys: images are signed by one of them. catalogue: operators choose among the
    -- catalogue's images, and admins add them.
    kind text NOT NULL CHECK (kind IN ('sources', 'keys', 'catalogue')),
    sources text[] NOT NULL DEFAULT '{}',
    -- Of each key its form, as the contract with agents numbers it, and its bytes in base64.
    keys jsonb NOT NULL DEFAULT '[]',
    set_at timestamptz NOT NULL DEFAULT now(),
    set_by text NOT NULL,
    CHECK ((kind = 'sources') = (cardinality(sources) > 0)),
    CHECK (jsonb_typeof(keys) = 'array'),
    CHECK ((kind = 'keys') = (keys <> '[]'))
);

-- The signature that was fetched from beside the image: machines get it with their request, and need not ask the origin.
ALTER TABLE image_version ADD COLUMN fetched_signature bytea CHECK (octet_length(fetched_signature) <= 65536);
