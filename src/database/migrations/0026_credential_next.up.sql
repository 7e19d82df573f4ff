-- oldest-binary: 25

-- A credential has a next secret or none.
ALTER TABLE credential DROP CONSTRAINT credential_sealed_next_secret_check;
ALTER TABLE credential ADD CONSTRAINT credential_sealed_next_secret_check
    CHECK (sealed_next_secret IS NULL OR sealed_key(sealed_next_secret) IS NOT NULL);
