-- oldest-binary: 52

-- What waits for a deleted webhook may be millions of rows: the janitor deletes them, in batches.
ALTER TABLE webhook_line DROP CONSTRAINT webhook_line_webhook_id_fkey;
ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_webhook_id_fkey;
ALTER TABLE webhook_dead_letter DROP CONSTRAINT webhook_dead_letter_webhook_id_fkey;

-- Events that have waited for too long are found by it.
CREATE INDEX webhook_delivery_queued ON webhook_delivery (webhook_id, queued_at);

-- A URL's path may be a secret, as its query is.
UPDATE webhook SET shown_url = regexp_replace(shown_url, '^(https://[^/]+)/.+$', '\1/…');
