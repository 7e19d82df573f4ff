ALTER TABLE credential DROP CONSTRAINT credential_sealed_next_secret_check;
ALTER TABLE credential ADD CONSTRAINT credential_sealed_next_secret_check CHECK (sealed_key(sealed_next_secret) IS NOT NULL);
